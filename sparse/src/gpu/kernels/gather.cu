// Weights in compressed rows times slots: forward, and backward over the transposed order.
//
// A warp takes 4 rows (or 4 blocks of rows with one pattern), 8 lanes a row and 16 bytes a lane: whole lines
// of 128 bytes from any slot, 32 samples of f32 or 64 of bf16. A row is one chain of fused products in the
// order of its entries that starts at the bias, as on the CPU. Its entries pass through shared memory, which
// hands one to all of its lanes for less than shuffles would.
#include "common.h"

constexpr unsigned GROUPS = 32 / LANES;
// scripts/gpu/kernels.py --candidates tries others.
#ifndef BUFFERS
#define BUFFERS 2
#define WARPS 4
#define BATCH 8
#define BATCH_1 8
#define BATCH_2 4
#define BATCH_4 4
#endif

// Entries of a row: where they begin, and how many there are; those of the next row, where that has the same
// pattern, are as far behind as a row has entries in all.
struct Row {
    unsigned begin, size, length;
};

// The next entries of a row: the values, and where their slots begin. The ends keep the four of a warp in
// different banks.
template <int H> struct Shared;
template <> struct Shared<1> {
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
template <> struct Shared<4> {
    static constexpr unsigned COUNT = 16;
    float4 values[COUNT + 1];
    unsigned offsets[COUNT + 4];

    __device__ __forceinline__ void put(unsigned e, const float value[4], unsigned offset) {
        values[e] = make_float4(value[0], value[1], value[2], value[3]), offsets[e] = offset;
    }
    __device__ __forceinline__ void take(unsigned e, float value[2][4], unsigned offset[2]) const {
        float2 two = *(const float2 *)&offsets[e];
        offset[0] = __float_as_uint(two.x), offset[1] = __float_as_uint(two.y);
#pragma unroll
        for (unsigned i = 0; i < 2; i++) {
            float4 v = values[e + i];
            value[i][0] = v.x, value[i][1] = v.y, value[i][2] = v.z, value[i][3] = v.w;
        }
    }
};

// A lane's share of the next entries, on their way to where its row's lanes share them.
template <int H> struct Fetched {
    static constexpr unsigned COUNT = Shared<H>::COUNT, EACH = COUNT / LANES;
    float value[EACH][H];
    unsigned slot[EACH];

    template <class T>
    __device__ __forceinline__ void ask(const Gather<T> &a, const Row &row, unsigned at) {
        unsigned first = at + threadIdx.x % LANES, left = first < row.size ? row.size - first : 0;
        const unsigned *index = a.index + (row.begin + first);
#pragma unroll
        for (unsigned i = 0; i < EACH; i++) slot[i] = load_if(left, i * LANES, index + i * LANES);
#pragma unroll
        for (int h = 0; h < H; h++) {
            unsigned k = row.begin + h * row.length + first;
            if (a.perm) {
                unsigned from[EACH];
#pragma unroll
                for (unsigned i = 0; i < EACH; i++)
                    from[i] = load_if(left, i * LANES, a.perm + k + i * LANES);
#pragma unroll
                for (unsigned i = 0; i < EACH; i++) value[i][h] = load_if(left, i * LANES, a.value + from[i]);
            } else {
#pragma unroll
                for (unsigned i = 0; i < EACH; i++)
                    value[i][h] = load_if(left, i * LANES, a.value + k + i * LANES);
            }
        }
    }
    template <class Source> __device__ __forceinline__ void put(const Source &source, Shared<H> &to) const {
#pragma unroll
        for (unsigned i = 0; i < EACH; i++)
            to.put(i * LANES + threadIdx.x % LANES, value[i], source.offset(slot[i]));
    }
};

// Where the lanes of a row read: slots in global memory, or a part of them in shared memory. They load 16
// bytes.
template <class T> struct Slots {
    using Type = T;
    const T *from;
    unsigned ld;
    __device__ __forceinline__ unsigned offset(unsigned slot) const { return slot * ld; }
    __device__ __forceinline__ float4 load(unsigned offset, int v) const {
        return *(const float4 *)(from + offset + v * SAMPLES<T>);
    }
    __device__ __forceinline__ float4 load_if(unsigned left, unsigned i, unsigned offset, int v) const {
        return load16_if(left, i, from + offset + v * SAMPLES<T>);
    }
};
template <class T, int V> struct Chunk {
    using Type = T;
    const T *shared;
    unsigned first;
    __device__ __forceinline__ unsigned offset(unsigned slot) const {
        return (slot - first) * (V * SAMPLES<T>);
    }
    __device__ __forceinline__ float4 load(unsigned offset, int v) const {
        return *(const float4 *)(shared + offset + v * SAMPLES<T>);
    }
    __device__ __forceinline__ float4 load_if(unsigned left, unsigned i, unsigned offset, int v) const {
        return shared16_if(left, i, shared + offset + v * SAMPLES<T>);
    }
};

// The sums of a lane for H rows, V times 16 bytes of samples.
template <class T, int H, int V> using Sums = float4[H][V * FOURS<T>];

// Adds N entries from `e` on, or of them the first `left`.
template <int V, int H, unsigned N, bool WHOLE, class Source>
__device__ __forceinline__ void add(const Source &source, const Shared<H> &own, unsigned e, unsigned left,
                                    Sums<typename Source::Type, H, V> &sum) {
    using T = typename Source::Type;
    // All loads are on their way before the first is waited for.
    float4 x[N][V];
    float value[N][H];
    unsigned from[N];
#pragma unroll
    for (unsigned i = 0; i < N; i += 2) own.take(e + i, value + i, from + i);
#pragma unroll
    for (unsigned i = 0; i < N; i++)
#pragma unroll
        for (int v = 0; v < V; v++)
            x[i][v] = WHOLE ? source.load(from[i], v) : source.load_if(left, i, from[i], v);
#pragma unroll
    for (unsigned i = 0; i < N; i++)
        if (WHOLE || i < left) {
#pragma unroll
            for (int h = 0; h < H; h++)
#pragma unroll
                for (unsigned f = 0; f < V * FOURS<T>; f++)
                    sum[h][f] = fma4(value[i][h], four<T>(x[i][f / FOURS<T>], f % FOURS<T>), sum[h][f]);
        }
}

// Adds what is in `own`: of this row the first `left` entries, of the warp's rows at least `least` and at
// most `most`.
template <int V, int H, unsigned N, class Source>
__device__ __forceinline__ void add_all(const Source &source, const Shared<H> &own, unsigned left,
                                        unsigned least, unsigned most,
                                        Sums<typename Source::Type, H, V> &sum) {
    unsigned e = 0, end = min(most, Shared<H>::COUNT), whole = min(least, Shared<H>::COUNT);
#pragma unroll 1
    for (; e + N <= whole; e += N) add<V, H, N, true>(source, own, e, N, sum);
#pragma unroll 1
    for (; e < end; e += N) add<V, H, N, false>(source, own, e, left > e ? left - e : 0, sum);
}

__device__ __forceinline__ unsigned less(unsigned a, unsigned b) { return a < b ? 0 : a - b; }

// Writes the sums of 16 bytes of samples.
template <class T>
__device__ __forceinline__ void finish(const Gather<T> &a, unsigned row, unsigned n, float4 sum[FOURS<T>]) {
    if (row >= a.rows || n >= a.ld) return;
    size_t at = (size_t)row * a.ld + n;
    float4 y = a.y ? *(const float4 *)(a.y + at) : splat(0.0f);
#pragma unroll
    for (unsigned f = 0; f < FOURS<T>; f++)
        sum[f] = a.y ? chain(a.activation, four<T>(y, f), sum[f]) : activate(a.activation, sum[f]);
    put16(a.to, at, a.gives, sum);
}

// The least and the most of what four rows of a warp have.
__device__ __forceinline__ void extremes(unsigned size, unsigned &least, unsigned &most) {
    unsigned other = __shfl_xor_sync(ALL, size, 8);
    least = min(size, other), most = max(size, other);
    least = min(least, __shfl_xor_sync(ALL, least, 16)), most = max(most, __shfl_xor_sync(ALL, most, 16));
}

// `to (rows, ld)`: where `y` is null `act(bias + Σ value · from)`, else `act'(y) · Σ value · from`.
// grid (⌈rows / 16⌉, ⌈ld / 32⌉ or of bf16 ⌈ld / 64⌉, z), block (32, 4), no dynamic shared memory.
template <class T> __device__ __forceinline__ void gather_rows(const Gather<T> a) {
    SHARED(Shared<1>, shared, [WARPS][GROUPS]);
    unsigned group = threadIdx.x / LANES, n0 = blockIdx.y * SAMPLES<T>;
    unsigned n = n0 + threadIdx.x % LANES * COUNT<T>;
    unsigned first = (blockIdx.x * WARPS + threadIdx.y) * GROUPS, own = first + group;
    if (first >= a.rows || n0 >= a.ld) return;
    bool in = own < a.rows;
    Row row = {in ? a.ptr[own] : 0, 0, 0};
    row.size = in ? a.ptr[own + 1] - row.begin : 0;
    Sums<T, 1, 1> sum;
#pragma unroll
    for (unsigned f = 0; f < FOURS<T>; f++) sum[0][f] = splat(in && a.bias ? a.bias[own] : 0.0f);
    // Lanes beyond the samples read what stands before.
    Slots<T> source = {a.from + (FOURS<T> == 1 || n < a.ld ? n : n0), a.ld};
    Shared<1> &entries = shared[threadIdx.y][group];
    unsigned least, most;
    Fetched<1> fetched;
    fetched.ask(a, row, 0);
    extremes(row.size, least, most);
    for (unsigned at = 0; at < most; at += Shared<1>::COUNT) {
        __syncwarp();
        fetched.put(source, entries);
        __syncwarp();
        if (at + Shared<1>::COUNT < most) fetched.ask(a, row, at + Shared<1>::COUNT);
        add_all<1, 1, BATCH>(source, entries, less(row.size, at), less(least, at), most - at, sum);
    }
    finish(a, own, n, sum[0]);
}
KERNELS(gather, Gather, WARPS * 32, gather_rows<T>)

// As `gather` where there are few rows and samples: a warp takes one row, a lane one sample.
// grid (⌈rows / 4⌉, ld / 32, z), block (32, 4), no dynamic shared memory.
template <class T> __device__ __forceinline__ void gather_row(const Gather<T> a) {
    unsigned row = blockIdx.x * 4 + threadIdx.y, lane = threadIdx.x, n = blockIdx.y * 32 + lane;
    if (row >= a.rows || n >= a.ld) return;
    unsigned begin = a.ptr[row], end = a.ptr[row + 1], slot;
    float value, sum = a.bias ? a.bias[row] : 0.0f;
    auto fetch = [&](unsigned k) {
        unsigned from = k;
        slot = load_if(end, k, a.index + k);
        if (a.perm) from = load_if(end, k, a.perm + k);
        value = load_if(end, k, a.value + from);
    };
    fetch(begin + lane);
    for (unsigned at = begin; at < end; at += 32) {
        T x[32];
        float now = value;
        unsigned offset = slot * a.ld, left = end - at;
#pragma unroll
        for (unsigned i = 0; i < 32; i++) x[i] = load_if(left, i, a.from + __shfl_sync(ALL, offset, i) + n);
        fetch(at + 32 + lane);
#pragma unroll
        for (unsigned i = 0; i < 32; i++) {
            float weight = __shfl_sync(ALL, now, i);
            if (i < left) sum = fmaf(weight, widened(x[i]), sum);
        }
    }
    size_t at = (size_t)row * a.ld + n;
    put(a.to, at, a.gives,
        a.y ? chain(a.activation, widened(a.y[at]), sum) : activate(a.activation, sum));
}
KERNELS(gather_thin, Gather, 128, gather_row<T>)
