// Runs CUDA kernels on the CPU, one fiber a thread: for tests of results, not of speed.
//
//     g++ -std=c++17 -O2 -DCUDA_HOST -x c++ -include host.h sparse.cu
//
// Blocks run one after the other. In a block a thread runs until it meets a barrier or a warp's collective;
// which warp and which lane goes on next is drawn from `cuda_host::order`, so that a missing barrier shows as
// a result that changes with it. Shared memory starts as NaN in every block, and an asynchronous copy lands
// no sooner than its thread waits for it. A lane that never comes to a collective ends the process.
//
// Everything is inline: several objects of one program may include this.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
#define SHARED(type, name, ...)              \
    static thread_local type name __VA_ARGS__; \
    cuda_host::poison(&name, sizeof name)
#define DYNAMIC_SHARED(type, name) type *name = (type *)cuda_host::dynamic_shared()
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
// Vectors are read from where others were written, which C++ allows only types that say so.
struct __attribute__((may_alias, aligned(8))) float2 {
    float x, y;
};
struct __attribute__((may_alias, aligned(16))) float4 {
    float x, y, z, w;
};
struct __attribute__((may_alias, aligned(4))) uint1 {
    unsigned x;
};
struct __attribute__((may_alias, aligned(4))) uchar4 {
    unsigned char x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
using std::max;
using std::min;
inline thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;
template <class T> T __ldg(const T *p) { return *p; }
inline unsigned __float_as_uint(float x) { unsigned u; std::memcpy(&u, &x, 4); return u; }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }
inline float __uint_as_float(unsigned u) { float x; std::memcpy(&x, &u, 4); return x; }

namespace cuda_host {
#if defined(__x86_64__)
struct Context {
    void *sp;
};
// Saves what a function must keep, changes the stack, and returns into whatever was left there.
inline __attribute__((naked, noinline)) void swap(Context *, Context *) {
    asm("push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
        "mov %rsp,(%rdi)\nmov (%rsi),%rsp\n"
        "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret");
}
inline void prepare(Context *context, std::vector<uint8_t> &stack, void (*entry)()) {
    auto top = (void **)(((uintptr_t)stack.data() + stack.size()) & ~uintptr_t(15));
    top[-1] = nullptr, top[-2] = (void *)entry;
    context->sp = top - 8;
}
#else
using Context = ucontext_t;
inline void swap(Context *from, Context *to) { swapcontext(from, to); }
inline void prepare(Context *context, std::vector<uint8_t> &stack, void (*entry)()) {
    getcontext(context);
    context->uc_stack.ss_sp = stack.data(), context->uc_stack.ss_size = stack.size();
    context->uc_link = nullptr;
    makecontext(context, entry, 0);
}
#endif

enum State { RUNS, AT_WARP, AT_BLOCK, DONE };
struct Copy {
    void *to;
    const void *from;
    unsigned bytes, zeros;
};
struct Fiber {
    Context context;
    dim3 index;
    // The lanes of the collective that it waits in.
    uint32_t mask;
    std::vector<uint8_t> stack;
    // Asynchronous copies: groups that are closed, and the one that is not.
    std::vector<std::vector<Copy>> groups;
    std::vector<Copy> open;
};
// For each state the lanes that are in it, a bit each.
struct Warp {
    uint32_t lanes[4];
};
struct Machine {
    uint64_t order = 1;
    std::vector<Fiber> fibers;
    std::vector<Warp> warps;
    // What lanes put into a collective, and what all of them may read from it.
    std::vector<uint64_t> given, taken;
    std::vector<float4> dynamic;
    std::vector<void *> poisoned;
    Context scheduler;
    unsigned current;
    void (*call)(void *);
    void *argument;
};
// A pointer, since an object with a destructor is asked at every use whether it is there yet.
inline thread_local Machine *machine = nullptr;

// The next launch of this thread is in the order of the seed `order`.
inline void begin(uint64_t order) {
    static thread_local Machine own;
    machine = &own, machine->order = order;
}
inline void *dynamic_shared() { return machine->dynamic.data(); }
inline void poison(void *at, size_t bytes) {
    auto &done = machine->poisoned;
    if (std::find(done.begin(), done.end(), at) != done.end()) return;
    done.push_back(at);
    std::memset(at, 0xff, bytes);
}
[[noreturn]] inline void stop(const char *why) {
    std::fprintf(stderr, "cuda_host: block %u %u %u: %s\n", blockIdx.x, blockIdx.y, blockIdx.z, why);
    std::abort();
}
inline void leave(State state) {
    unsigned me = machine->current;
    uint32_t *lanes = machine->warps[me / 32].lanes;
    uint32_t bit = 1u << me % 32;
    lanes[RUNS] &= ~bit, lanes[state] |= bit;
    swap(&machine->fibers[me].context, &machine->scheduler);
}
inline void start() {
    machine->call(machine->argument);
    leave(DONE);
    stop("a thread went on after its end");
}
inline unsigned draw(unsigned n) {
    machine->order = machine->order * 6364136223846793005u + 1442695040888963407u;
    return unsigned(machine->order >> 33) % n;
}
inline void enter(unsigned thread) {
    Fiber &fiber = machine->fibers[thread];
    machine->current = thread, threadIdx = fiber.index;
    swap(&machine->scheduler, &fiber.context);
}
// Runs a warp's lanes until each waits, then lets a collective go on whose lanes have all come to it.
inline bool run_warp(unsigned base, unsigned n) {
    uint32_t *lanes = machine->warps[base / 32].lanes;
    uint32_t exist = ~0u >> (32 - n), last = (1u << draw(n)) - 1;
    bool progress = lanes[RUNS] != 0;
    for (uint32_t part : {lanes[RUNS] & ~last, lanes[RUNS] & last})
        for (; part; part &= part - 1) enter(base + __builtin_ctz(part));
    for (uint32_t here = lanes[AT_WARP], left = here; left;) {
        uint32_t mask = machine->fibers[base + __builtin_ctz(left)].mask & exist;
        left &= ~mask & (left - 1);
        if ((here & mask) != mask) continue;
        for (uint32_t m = mask; m; m &= m - 1) {
            unsigned thread = base + __builtin_ctz(m);
            if ((machine->fibers[thread].mask & exist) != mask) stop("masks differ in a collective");
            machine->taken[thread] = machine->given[thread];
        }
        lanes[AT_WARP] &= ~mask, lanes[RUNS] |= mask;
        progress = true;
    }
    return progress;
}
inline void run_block() {
    unsigned threads = blockDim.x * blockDim.y * blockDim.z, warps = (threads + 31) / 32;
    machine->fibers.resize(threads), machine->warps.assign(warps, {});
    machine->given.assign(threads, 0), machine->taken.assign(threads, 0);
    machine->poisoned.clear();
    std::fill(machine->dynamic.begin(), machine->dynamic.end(), make_float4(NAN, NAN, NAN, NAN));
    for (unsigned t = 0; t < threads; t++) {
        Fiber &fiber = machine->fibers[t];
        // One after the other, and no power of two, with which all stacks would meet in a few lines of the caches.
        if (fiber.stack.empty()) fiber.stack.resize((64 << 10) + 640);
        prepare(&fiber.context, fiber.stack, start);
        fiber.index = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
        fiber.groups.clear(), fiber.open.clear();
        machine->warps[t / 32].lanes[RUNS] |= 1u << t % 32;
    }
    for (;;) {
        bool progress = false;
        for (unsigned i = 0, first = draw(warps); i < warps; i++) {
            unsigned base = (first + i) % warps * 32, n = std::min(threads - base, 32u);
            while (run_warp(base, n)) progress = true;
        }
        if (progress) continue;
        uint32_t waiting = 0, stuck = 0;
        for (Warp &warp : machine->warps) waiting |= warp.lanes[AT_BLOCK], stuck |= warp.lanes[AT_WARP];
        if (stuck) stop("threads are missing from a barrier or a warp's collective");
        if (!waiting) return;
        for (Warp &warp : machine->warps) warp.lanes[RUNS] = std::exchange(warp.lanes[AT_BLOCK], 0);
    }
}
// As cuLaunchKernel with one argument, by its address.
template <class A> void launch(void (*kernel)(A), dim3 grid, dim3 block, unsigned shared, void *argument) {
    struct Call {
        void (*kernel)(A);
        const A *argument;
    } call{kernel, (const A *)argument};
    machine->call = [](void *p) { ((Call *)p)->kernel(*((Call *)p)->argument); };
    machine->argument = &call, gridDim = grid, blockDim = block;
    machine->dynamic.resize((shared + 15) / 16);
    for (unsigned i = 0; i < grid.x * grid.y * grid.z; i++) {
        blockIdx = {i % grid.x, i / grid.x % grid.y, i / (grid.x * grid.y)};
        run_block();
    }
}
template <class T> T shuffle(uint32_t mask, T x, unsigned from_lane) {
    static_assert(sizeof(T) <= 8);
    unsigned me = machine->current, base = me & ~31u;
    machine->given[me] = 0, std::memcpy(&machine->given[me], &x, sizeof x);
    machine->fibers[me].mask = mask;
    leave(AT_WARP);
    T y;
    std::memcpy(&y, &machine->taken[base + from_lane], sizeof y);
    return y;
}
inline unsigned lane() { return machine->current & 31; }
inline void copy_later(void *to, const void *from, unsigned bytes, unsigned zeros) {
    machine->fibers[machine->current].open.push_back({to, from, bytes, zeros});
}
inline void close_copies() {
    Fiber &me = machine->fibers[machine->current];
    me.groups.push_back(std::move(me.open));
    me.open.clear();
}
inline void land_copies(size_t still_open) {
    auto &groups = machine->fibers[machine->current].groups;
    while (groups.size() > still_open) {
        for (const Copy &copy : groups.front()) {
            if (copy.bytes) std::memcpy(copy.to, copy.from, copy.bytes);
            std::memset((char *)copy.to + copy.bytes, 0, copy.zeros);
        }
        groups.erase(groups.begin());
    }
}
}  // namespace cuda_host

inline void __syncthreads() { cuda_host::leave(cuda_host::AT_BLOCK); }
inline void __syncwarp(unsigned mask = ~0u) { cuda_host::shuffle(mask, 0, 0); }
template <class T> T __shfl_sync(unsigned mask, T x, int from, int width = 32) {
    return cuda_host::shuffle(mask, x, (cuda_host::lane() & ~(width - 1)) + (from & (width - 1)));
}
template <class T> T __shfl_xor_sync(unsigned mask, T x, int bits, int = 32) {
    return cuda_host::shuffle(mask, x, cuda_host::lane() ^ bits);
}
template <class T> T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32) {
    unsigned l = cuda_host::lane();
    return cuda_host::shuffle(mask, x, (l & (width - 1)) + by < unsigned(width) ? l + by : l);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    cuda_host::shuffle(mask, int(predicate != 0), 0);
    unsigned found = 0, base = cuda_host::machine->current & ~31u;
    for (unsigned l = 0; l < 32 && base + l < cuda_host::machine->taken.size(); l++)
        found |= unsigned((mask >> l & 1) && cuda_host::machine->taken[base + l]) << l;
    return found;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }
