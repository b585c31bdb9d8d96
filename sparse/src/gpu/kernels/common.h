// What the kernels of networks share: their arguments, the functions between layers, sums over a warp.
//
// Layout: slots are `(features, ld)`, the samples of a feature side by side, stored as stored.h says; `ld` is
// the batch rounded up to a multiple of 32, and slots begin at a multiple of 16 bytes. What a network gives
// and all that is no slot is f32. Weights begin anywhere. Every kernel takes
// one `Each<T>` by value, and block (x, y, z) works for `of[z]`; the arguments of one launch may differ in
// size: the grid fits the largest. Sums have one order whatever the order of threads: runs are equal in every
// bit. Compile with -fmad=false: what is fused says so, and the host's build of these files gives the same
// bits.
#pragma once
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(type, name) extern __shared__ type name[]
#define SHARED(type, name, ...) __shared__ type name __VA_ARGS__
#endif
#define ALL 0xffffffffu
#include "stored.h"

template <class T> struct Each {
    T of[4];
};
// A kernel: `KERNEL(name, argument, threads of a block) { what it does with `each` }`. On the host it is no
// symbol of the program: libc, for one, has a `step` of its own.
#ifdef CUDA_HOST
#define KERNEL(name, T, ...) static void name(const Each<T> each)
#else
#define KERNEL(name, T, ...) \
    extern "C" __global__ void __launch_bounds__(__VA_ARGS__) name(const __grid_constant__ Each<T> each)
#endif

// The same for f32 slots and, with `_bf16` behind its name, for bf16 ones: work that takes `name`'s argument,
// for slots of T.
#define KERNELS(name, Argument, threads, ...)                                                              \
    KERNEL(name, Argument<float>, threads) {                                                               \
        using T = float;                                                                                   \
        __VA_ARGS__(each.of[blockIdx.z]);                                                                  \
    }                                                                                                      \
    KERNEL(name##_bf16, Argument<bf16>, threads) {                                                         \
        using T = bf16;                                                                                    \
        __VA_ARGS__(each.of[blockIdx.z]);                                                                  \
    }

// `slots` are stored as `stored` says.
struct Rows {
    const float *rows;
    void *slots;
    unsigned batch, ld, width, stored;
};
// `to` is stored as `gives` says, and so in what else gives slots.
template <class T> struct Gather {
    const unsigned *ptr, *index, *perm;
    const float *value, *bias;
    const T *from, *y;
    T *to;
    unsigned rows, ld, activation, gives;
};
// As Gather; `bound[row · chunks + c]` is the first entry of `row` in the slots from `c · chunk` on, and one
// more bound ends the last: indices ascend in a row.
template <class T> struct Tiled {
    Gather<T> all;
    const unsigned *bound;
    unsigned cols, chunk, chunks, pad;
};
template <class T> struct Sample {
    const unsigned *ptr, *index;
    const T *dy, *x;
    float *dw, *db;
    unsigned rows, ld;
};
template <class T> struct SampleTiled {
    Sample<T> all;
    const unsigned *bound;
    unsigned cols, chunk, chunks, pad;
};
template <class T> struct Dense {
    const float *weight, *bias;
    const T *x, *y;
    T *to;
    unsigned rows, cols, ld, activation, gives, pad;
};
// As Dense forward: part p of the summed dimension goes to `partial[p]`, (rows, ld).
template <class T> struct DenseParts {
    Dense<T> all;
    float *partial;
    unsigned parts, pad;
};
template <class T> struct DenseGrad {
    const T *dy, *x;
    float *dw, *db;
    unsigned rows, cols, ld, pad;
};
// `x` and `dy` are stored as `stored` says, slots at `to` as `to_stored`.
struct Norm {
    const void *x, *dy;
    const float *params;
    float *moments;
    void *to;
    unsigned rows, ld, stored, to_stored;
};
struct Part {
    unsigned start, end;
    float l2, keep;
};
struct Squares {
    const float *w, *g;
    const Part *parts;
    double *partial;
    unsigned n, num_parts;
};
struct Step {
    float *w;
    const float *g;
    float *m, *v;
    const Part *parts;
    const double *partial;
    const float *rate;
    float *norm;
    unsigned n, num_parts, blocks, adam;
    float beta1, beta2, eps, max_norm;
};
struct Lerp {
    float *target;
    const float *online;
    unsigned n;
    float tau;
};

enum Activation : unsigned { IDENTITY, RELU, TANH };

// The CPU's rational approximation in its order of roundings, equal to it in every bit.
__device__ __forceinline__ float tanh_of(float x) {
    const float bound = 7.905311f;
    float c = x < -bound ? -bound : x > bound ? bound : x, c2 = c * c;
    float p = -2.7607685e-16f;
    p = p * c2 + 2.000188e-13f;
    p = p * c2 + -8.604672e-11f;
    p = p * c2 + 5.122297e-8f;
    p = p * c2 + 1.4857224e-5f;
    p = p * c2 + 6.3726194e-4f;
    p = p * c2 + 4.8935246e-3f;
    float q = 1.1982584e-6f;
    q = q * c2 + 1.1853471e-4f;
    q = q * c2 + 2.2684346e-3f;
    q = q * c2 + 4.893525e-3f;
    float y = c * p / q;
    return fabsf(x) < 4e-4f ? x : y;
}
__device__ __forceinline__ float activate(unsigned activation, float x) {
    if (activation == RELU) return x < 0.0f ? 0.0f : x;
    return activation == TANH ? tanh_of(x) : x;
}
// `dy · act'` by the output `y`.
__device__ __forceinline__ float chain(unsigned activation, float y, float dy) {
    if (activation == RELU) return 0.0f < y ? dy : 0.0f;
    return activation == TANH ? (1.0f - y * y) * dy : dy;
}
__device__ __forceinline__ float4 activate(unsigned activation, float4 x) {
    return make_float4(activate(activation, x.x), activate(activation, x.y), activate(activation, x.z),
                       activate(activation, x.w));
}
__device__ __forceinline__ float4 chain(unsigned activation, float4 y, float4 dy) {
    return make_float4(chain(activation, y.x, dy.x), chain(activation, y.y, dy.y),
                       chain(activation, y.z, dy.z), chain(activation, y.w, dy.w));
}
__device__ __forceinline__ float4 splat(float x) { return make_float4(x, x, x, x); }
__device__ __forceinline__ float4 fma4(float a, float4 b, float4 c) {
    return make_float4(fmaf(a, b.x, c.x), fmaf(a, b.y, c.y), fmaf(a, b.z, c.z), fmaf(a, b.w, c.w));
}
// `c + a · b`, four products into one sum.
__device__ __forceinline__ float dot4(float4 a, float4 b, float c) {
    return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, c))));
}

// Every lane gets the sum over its warp.
template <class T> __device__ __forceinline__ T warp_sum(T x) {
#pragma unroll
    for (int bits = 16; bits; bits >>= 1) x += __shfl_xor_sync(ALL, x, bits);
    return x;
}

// Sums each of 8 values over 8 lanes; lane `l` of them gets sum `l`. Halves what a lane holds at each step.
__device__ __forceinline__ float transposed_sum(float v[8], unsigned lane) {
#pragma unroll
    for (unsigned half = 4; half; half /= 2) {
        bool high = lane & half;
#pragma unroll
        for (unsigned i = 0; i < half; i++) {
            float mine = high ? v[i + half] : v[i], other = high ? v[i] : v[i + half];
            v[i] = mine + __shfl_xor_sync(ALL, other, half);
        }
    }
    return v[0];
}

// What stands at `from` where `i < left`, else anything. As assembly, because a compiler moves a plain
// conditional load to the one use of it, and then each load waits for the one before.
#ifdef CUDA_HOST
template <class T> T load_if(unsigned left, unsigned i, const T *from) {
    T x;
    std::memset((void *)&x, 0xff, sizeof x);
    return i < left ? *from : x;
}
inline float4 load16_if(unsigned left, unsigned i, const void *from) {
    return load_if(left, i, (const float4 *)from);
}
inline float4 shared16_if(unsigned left, unsigned i, const void *from) { return load16_if(left, i, from); }
#else
#define PREDICATED(i, left, load) "{.reg .pred p; setp.lt.u32 p, %" i ", %" left "; @p ld." load ";}"
__device__ __forceinline__ unsigned load_if(unsigned left, unsigned i, const unsigned *from) {
    unsigned x;
    asm volatile(PREDICATED("2", "3", "global.u32 %0, [%1]") : "=r"(x) : "l"(from), "r"(i), "r"(left));
    return x;
}
__device__ __forceinline__ float load_if(unsigned left, unsigned i, const float *from) {
    return __uint_as_float(load_if(left, i, (const unsigned *)from));
}
__device__ __forceinline__ bf16 load_if(unsigned left, unsigned i, const bf16 *from) {
    bf16 x;
    asm volatile(PREDICATED("2", "3", "global.u16 %0, [%1]") : "=h"(x.bits) : "l"(from), "r"(i), "r"(left));
    return x;
}
// The bits of 16 bytes.
__device__ __forceinline__ float4 load16_if(unsigned left, unsigned i, const void *from) {
    float4 x;
    asm volatile(PREDICATED("5", "6", "global.v4.f32 {%0, %1, %2, %3}, [%4]")
                 : "=f"(x.x), "=f"(x.y), "=f"(x.z), "=f"(x.w) : "l"(from), "r"(i), "r"(left));
    return x;
}
__device__ __forceinline__ float4 shared16_if(unsigned left, unsigned i, const void *from) {
    float4 x;
    asm volatile(PREDICATED("5", "6", "shared.v4.f32 {%0, %1, %2, %3}, [%4]")
                 : "=f"(x.x), "=f"(x.y), "=f"(x.z), "=f"(x.w)
                 : "r"((unsigned)__cvta_generic_to_shared(from)), "r"(i), "r"(left));
    return x;
}
#endif

// Copies into shared memory that pass by the registers. A thread closes what it asked for as a group, waits
// until at most so many of its groups are open, and meets the others at a barrier.
__device__ __forceinline__ void copy16(void *to, const void *from, bool there) {
#ifdef CUDA_HOST
    cuda_host::copy_later(to, from, there ? 16 : 0, there ? 0 : 16);
#else
    unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(there ? 16 : 0));
#endif
}
__device__ __forceinline__ void copy4(void *to, const void *from, bool there) {
#ifdef CUDA_HOST
    cuda_host::copy_later(to, from, there ? 4 : 0, there ? 0 : 4);
#else
    unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(at), "l"(from), "r"(there ? 4 : 0));
#endif
}
__device__ __forceinline__ void close_copies() {
#ifdef CUDA_HOST
    cuda_host::close_copies();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
template <int OPEN> __device__ __forceinline__ void await_copies() {
#ifdef CUDA_HOST
    cuda_host::land_copies(OPEN);
#else
    asm volatile("cp.async.wait_group %0;" ::"n"(OPEN) : "memory");
#endif
}
