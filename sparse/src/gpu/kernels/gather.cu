// Weights in compressed rows times slots: forward, and backward over the transposed order.
//
// A warp takes 4 rows (or 4 blocks of rows with one pattern) and 32 samples, 8 lanes a row and 4 samples a lane:
// whole lines of 128 bytes from any slot. A row is one chain of fused products in the order of its entries that
// starts at the bias, as on the CPU. Its entries pass through shared memory, which hands one to all of its lanes
// for less than shuffles would.
#include "common.h"

constexpr unsigned GROUPS = 32 / LANES;

// The next entries of H rows that have one pattern: the values, and where their slot begins. The ends keep the
// four of a warp in different banks.
template <int H> struct Fetched;
template <> struct Fetched<1> {
    static constexpr unsigned COUNT = 32;
    float2 entry[COUNT + 2];

    __device__ __forceinline__ void put(unsigned e, const float value[1], unsigned offset) {
        entry[e] = make_float2(value[0], __uint_as_float(offset));
    }
    // Entries e and e + 1.
    __device__ __forceinline__ void take(unsigned e, float value[2][1], unsigned offset[2]) const {
        float4 two = *(const float4 *)&entry[e];
        value[0][0] = two.x, offset[0] = __float_as_uint(two.y);
        value[1][0] = two.z, offset[1] = __float_as_uint(two.w);
    }
};
template <> struct Fetched<4> {
    static constexpr unsigned COUNT = 16;
    float4 values[COUNT + 1];
    unsigned offsets[COUNT + 4];

    __device__ __forceinline__ void put(unsigned e, const float value[4], unsigned offset) {
        values[e] = make_float4(value[0], value[1], value[2], value[3]), offsets[e] = offset;
    }
    __device__ __forceinline__ void take(unsigned e, float value[2][4], unsigned offset[2]) const {
#pragma unroll
        for (unsigned i = 0; i < 2; i++) {
            float4 v = values[e + i];
            value[i][0] = v.x, value[i][1] = v.y, value[i][2] = v.z, value[i][3] = v.w;
            offset[i] = offsets[e + i];
        }
    }
};

// Where the lanes of a row read: slots in global memory, or a part of them in shared memory.
struct Slots {
    const float *from;
    unsigned ld;
    __device__ __forceinline__ unsigned offset(unsigned slot) const { return slot * ld; }
    __device__ __forceinline__ float4 load(bool there, unsigned offset) const {
        return load4_if(there, from + offset);
    }
};
struct Chunk {
    const float *shared;
    unsigned first;
    __device__ __forceinline__ unsigned offset(unsigned slot) const { return (slot - first) * 32; }
    __device__ __forceinline__ float4 load(bool there, unsigned offset) const {
        return shared4_if(there, shared + offset);
    }
};

// Adds `size` entries to the sums of H rows, whose first ones are `begin`, BATCH of them at a time; `size` differs
// between the rows of a warp, and all of its lanes must call this.
template <int H, unsigned BATCH, class Source>
__device__ __forceinline__ void add(const Gather &a, const Source &source, const unsigned begin[H], unsigned size,
                                    Fetched<H> &own, float4 sum[H]) {
    constexpr unsigned COUNT = Fetched<H>::COUNT, EACH = COUNT / LANES;
    unsigned lane = threadIdx.x % LANES;
    unsigned most = max(size, __shfl_xor_sync(ALL, size, 8));
    most = max(most, __shfl_xor_sync(ALL, most, 16));
    float next[EACH][H];
    unsigned slot[EACH];
    auto fetch = [&](unsigned at) {
        unsigned from[EACH][H];
#pragma unroll
        for (unsigned i = 0; i < EACH; i++) {
            unsigned e = at + i * LANES + lane;
            slot[i] = load_if(e < size, a.index + begin[0] + e);
#pragma unroll
            for (int h = 0; h < H; h++) {
                from[i][h] = begin[h] + e;
                if (a.perm) from[i][h] = load_if(e < size, a.perm + from[i][h]);
            }
        }
#pragma unroll
        for (unsigned i = 0; i < EACH; i++)
#pragma unroll
            for (int h = 0; h < H; h++)
                next[i][h] = load_if(at + i * LANES + lane < size, a.value + from[i][h]);
    };
    fetch(0);
    for (unsigned at = 0; at < most; at += COUNT) {
        __syncwarp();
#pragma unroll
        for (unsigned i = 0; i < EACH; i++) own.put(i * LANES + lane, next[i], source.offset(slot[i]));
        __syncwarp();
        fetch(at + COUNT);
        for (unsigned e = 0; e < COUNT && at + e < most; e += BATCH) {
            // All loads are on their way before the first is waited for.
            float4 x[BATCH];
            float value[BATCH][H];
            unsigned from[BATCH], left = at + e < size ? size - at - e : 0;
#pragma unroll
            for (unsigned i = 0; i < BATCH; i += 2) own.take(e + i, value + i, from + i);
#pragma unroll
            for (unsigned i = 0; i < BATCH; i++) x[i] = source.load(i < left, from[i]);
#pragma unroll
            for (unsigned i = 0; i < BATCH; i++)
                if (i < left) {
#pragma unroll
                    for (int h = 0; h < H; h++) sum[h] = fma4(value[i][h], x[i], sum[h]);
                }
        }
    }
}

__device__ __forceinline__ void finish(const Gather &a, unsigned row, unsigned n, float4 sum) {
    if (row >= a.rows) return;
    size_t at = (size_t)row * a.ld + n;
    *(float4 *)(a.to + at) =
        a.y ? chain(a.activation, *(const float4 *)(a.y + at), sum) : activate(a.activation, sum);
}

// `to (rows, ld)`: where `y` is null `act(bias + Σ value · from)`, else `act'(y) · Σ value · from`.
// grid (⌈rows / 16⌉, ld / 32, z), block (32, 4), no dynamic shared memory.
KERNEL(gather, Gather, 128) {
    const Gather a = each.of[blockIdx.z];
    SHARED(Fetched<1>, fetched, [4][GROUPS]);
    unsigned group = threadIdx.x / LANES, n = blockIdx.y * 32 + threadIdx.x % LANES * 4;
    unsigned first = (blockIdx.x * 4 + threadIdx.y) * GROUPS, row = first + group;
    if (first >= a.rows || n >= a.ld) return;
    bool in = row < a.rows;
    unsigned begin = in ? a.ptr[row] : 0, size = in ? a.ptr[row + 1] - begin : 0;
    float4 sum = splat(in && a.bias ? a.bias[row] : 0.0f);
    add<1, 8>(a, Slots{a.from + n, a.ld}, &begin, size, fetched[threadIdx.y][group], &sum);
    finish(a, row, n, sum);
}

#ifndef BUFFERS
#define BUFFERS 4
#define BATCH_1 8
#define BATCH_4 4
#endif

// One copy of the code serves all rows of a lane: their sums go round, so that the first is always the current one.
template <int R, int H> __device__ __forceinline__ void next_row(float4 (&sum)[R][H]) {
#pragma unroll
    for (int h = 0; h < H; h++) {
        float4 done = sum[0][h];
#pragma unroll
        for (int r = 1; r < R; r++) sum[r - 1][h] = sum[r][h];
        sum[R - 1][h] = done;
    }
}

// As `gather` for large layers: the slots of 32 samples pass through shared memory, `chunk` of them at a time and
// BUFFERS chunks there or on their way; a lane has the sums of R · H rows.
template <int R, int H> __device__ __forceinline__ void tiled(const Tiled &t) {
    const Gather a = t.all;
    DYNAMIC_SHARED(float4, shared);
    unsigned group = threadIdx.x / LANES, n0 = blockIdx.y * 32, n = n0 + threadIdx.x % LANES * 4;
    unsigned warps = blockDim.y, thread = threadIdx.y * 32 + threadIdx.x;
    unsigned first = blockIdx.x * warps * GROUPS * R * H, apart = warps * GROUPS * H;
    unsigned own = first + (threadIdx.y * GROUPS + group) * H;
    if (first >= a.rows || n >= a.ld) return;
    float *slots = (float *)shared;
    auto &fetched = ((Fetched<H> *)(slots + BUFFERS * t.chunk * 32))[threadIdx.y * GROUPS + group];
    float4 sum[R][H];
#pragma unroll
    for (int r = 0; r < R; r++)
#pragma unroll
        for (int h = 0; h < H; h++) {
            unsigned row = own + r * apart + h;
            sum[r][h] = splat(a.bias && row < a.rows ? a.bias[row] : 0.0f);
        }
    auto ask = [&](unsigned c) {
        if (c < t.chunks) {
            unsigned begin = c * t.chunk, count = min(t.chunk, t.cols - begin);
            float *to = slots + c % BUFFERS * t.chunk * 32;
            for (unsigned i = thread; i < count * LANES; i += warps * 32)
                copy16(to + i * 4, a.from + (size_t)(begin + i / LANES) * a.ld + n0 + i % LANES * 4, true);
        }
        close_copies();
    };
    for (unsigned c = 0; c < BUFFERS - 1; c++) ask(c);
    for (unsigned c = 0; c < t.chunks; c++) {
        await_copies<BUFFERS - 2>();
        __syncthreads();
        ask(c + BUFFERS - 1);
        Chunk source = {slots + c % BUFFERS * t.chunk * 32 + threadIdx.x % LANES * 4, c * t.chunk};
#pragma unroll 1
        for (int r = 0; r < R; r++) {
            unsigned row = own + r * apart, begin[H], size = 0;
#pragma unroll
            for (int h = 0; h < H; h++) begin[h] = row < a.rows ? t.bound[(row + h) * t.chunks + c] : 0;
            if (row < a.rows) size = t.bound[row * t.chunks + c + 1] - begin[0];
            add<H, H == 1 ? BATCH_1 : BATCH_4>(a, source, begin, size, fetched, sum[0]);
            next_row(sum);
        }
    }
#pragma unroll 1
    for (int r = 0; r < R; r++) {
#pragma unroll
        for (int h = 0; h < H; h++) finish(a, own + r * apart + h, n, sum[0][h]);
        next_row(sum);
    }
}

// grid (⌈rows / (4 · W · R)⌉, ld / 32, z), block (32, W) with W at most 16, R the number in the name;
// dynamic shared memory BUFFERS · chunk · 128 + W · 1088 bytes.
KERNEL(gather_tiled_1, Tiled, 512) { tiled<1, 1>(each.of[blockIdx.z]); }
KERNEL(gather_tiled_2, Tiled, 512) { tiled<2, 1>(each.of[blockIdx.z]); }
KERNEL(gather_tiled_4, Tiled, 512) { tiled<4, 1>(each.of[blockIdx.z]); }
KERNEL(gather_tiled_8, Tiled, 512) { tiled<8, 1>(each.of[blockIdx.z]); }

// As `gather_tiled` where rows 4 i .. 4 i + 4 have the same pattern, so that what is read of `from` serves all four;
// `rows` is a multiple of 4.
// grid (⌈rows / (16 · W · R)⌉, ld / 32, z), block (32, W) with W at most 16, R the number in the name;
// dynamic shared memory BUFFERS · chunk · 128 + W · 1408 bytes.
KERNEL(gather_blocks_1, Tiled, 512) { tiled<1, 4>(each.of[blockIdx.z]); }
KERNEL(gather_blocks_2, Tiled, 512) { tiled<2, 4>(each.of[blockIdx.z]); }
