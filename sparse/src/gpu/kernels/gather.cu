// Weights in compressed rows times slots: forward, and backward over the transposed order.
//
// A warp takes 4 rows (or 4 blocks of rows with one pattern), 8 lanes a row and 4 samples a lane: whole lines
// of 128 bytes from any slot. A row is one chain of fused products in the order of its entries that starts at
// the bias, as on the CPU. Its entries pass through shared memory, which hands one to all of its lanes for
// less than shuffles would.
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

    __device__ __forceinline__ void ask(const Gather &a, const Row &row, unsigned at) {
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

// Where the lanes of a row read: slots in global memory, or a part of them in shared memory.
struct Slots {
    const float *from;
    unsigned ld;
    __device__ __forceinline__ unsigned offset(unsigned slot) const { return slot * ld; }
    __device__ __forceinline__ float4 load(unsigned offset, int v) const {
        return *(const float4 *)(from + offset + v * 32);
    }
    __device__ __forceinline__ float4 load_if(unsigned left, unsigned i, unsigned offset, int v) const {
        return load4_if(left, i, from + offset + v * 32);
    }
};
template <int V> struct Chunk {
    const float *shared;
    unsigned first;
    __device__ __forceinline__ unsigned offset(unsigned slot) const { return (slot - first) * (V * 32); }
    __device__ __forceinline__ float4 load(unsigned offset, int v) const {
        return *(const float4 *)(shared + offset + v * 32);
    }
    __device__ __forceinline__ float4 load_if(unsigned left, unsigned i, unsigned offset, int v) const {
        return shared4_if(left, i, shared + offset + v * 32);
    }
};

// Adds N entries from `e` on, or of them the first `left`.
template <int V, int H, unsigned N, bool WHOLE, class Source>
__device__ __forceinline__ void add(const Source &source, const Shared<H> &own, unsigned e, unsigned left,
                                    float4 (&sum)[H][V]) {
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
                for (int v = 0; v < V; v++) sum[h][v] = fma4(value[i][h], x[i][v], sum[h][v]);
        }
}

// Adds what is in `own`: of this row the first `left` entries, of the warp's rows at least `least` and at
// most `most`.
template <int V, int H, unsigned N, class Source>
__device__ __forceinline__ void add_all(const Source &source, const Shared<H> &own, unsigned left,
                                        unsigned least, unsigned most, float4 (&sum)[H][V]) {
    unsigned e = 0, end = min(most, Shared<H>::COUNT), whole = min(least, Shared<H>::COUNT);
#pragma unroll 1
    for (; e + N <= whole; e += N) add<V, H, N, true>(source, own, e, N, sum);
#pragma unroll 1
    for (; e < end; e += N) add<V, H, N, false>(source, own, e, left > e ? left - e : 0, sum);
}

__device__ __forceinline__ unsigned less(unsigned a, unsigned b) { return a < b ? 0 : a - b; }

__device__ __forceinline__ void finish(const Gather &a, unsigned row, unsigned n, float4 sum) {
    if (row >= a.rows) return;
    size_t at = (size_t)row * a.ld + n;
    *(float4 *)(a.to + at) =
        a.y ? chain(a.activation, *(const float4 *)(a.y + at), sum) : activate(a.activation, sum);
}

// The least and the most of what four rows of a warp have.
__device__ __forceinline__ void extremes(unsigned size, unsigned &least, unsigned &most) {
    unsigned other = __shfl_xor_sync(ALL, size, 8);
    least = min(size, other), most = max(size, other);
    least = min(least, __shfl_xor_sync(ALL, least, 16)), most = max(most, __shfl_xor_sync(ALL, most, 16));
}

// `to (rows, ld)`: where `y` is null `act(bias + Σ value · from)`, else `act'(y) · Σ value · from`.
// grid (⌈rows / 16⌉, ld / 32, z), block (32, 4), no dynamic shared memory.
KERNEL(gather, Gather, WARPS * 32) {
    const Gather a = each.of[blockIdx.z];
    SHARED(Shared<1>, shared, [WARPS][GROUPS]);
    unsigned group = threadIdx.x / LANES, n = blockIdx.y * 32 + threadIdx.x % LANES * 4;
    unsigned first = (blockIdx.x * WARPS + threadIdx.y) * GROUPS, own = first + group;
    if (first >= a.rows || n >= a.ld) return;
    bool in = own < a.rows;
    Row row = {in ? a.ptr[own] : 0, 0, 0};
    row.size = in ? a.ptr[own + 1] - row.begin : 0;
    float4 sum[1][1] = {splat(in && a.bias ? a.bias[own] : 0.0f)};
    Slots source = {a.from + n, a.ld};
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
    finish(a, own, n, sum[0][0]);
}

// As `gather` where there are few rows and samples: a warp takes one row, a lane one sample.
// grid (⌈rows / 4⌉, ld / 32, z), block (32, 4), no dynamic shared memory.
KERNEL(gather_thin, Gather, 128) {
    const Gather a = each.of[blockIdx.z];
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
        float x[32], now = value;
        unsigned offset = slot * a.ld, left = end - at;
#pragma unroll
        for (unsigned i = 0; i < 32; i++) x[i] = load_if(left, i, a.from + __shfl_sync(ALL, offset, i) + n);
        fetch(at + 32 + lane);
#pragma unroll
        for (unsigned i = 0; i < 32; i++) {
            float weight = __shfl_sync(ALL, now, i);
            if (i < left) sum = fmaf(weight, x[i], sum);
        }
    }
    size_t at = (size_t)row * a.ld + n;
    a.to[at] = a.y ? chain(a.activation, a.y[at], sum) : activate(a.activation, sum);
}

// One copy of the code serves all rows of a lane: their sums go round, so that the first is always the
// current one.
template <int R, int H, int V> __device__ __forceinline__ void next_row(float4 (&sum)[R][H][V]) {
#pragma unroll
    for (int i = 0; i < H * V; i++) {
        float4 done = sum[0][i / V][i % V];
#pragma unroll
        for (int r = 1; r < R; r++) sum[r - 1][i / V][i % V] = sum[r][i / V][i % V];
        sum[R - 1][i / V][i % V] = done;
    }
}

// As `gather` for large layers: the slots of V · 32 samples pass through shared memory, `chunk` of them at a
// time and up to BUFFERS chunks there or on their way; a lane has the sums of R · H rows, R at most 8.
template <int R, int V, int H> __device__ __forceinline__ void tiled(const Tiled &t) {
    constexpr unsigned N = H > 1 ? BATCH_4 / V : V > 1 ? BATCH_2 : BATCH_1;
    constexpr unsigned WIDE = V * 32, COUNT = Shared<H>::COUNT;
    const Gather &a = t.all;
    DYNAMIC_SHARED(float4, shared);
    unsigned group = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    unsigned n0 = blockIdx.y * WIDE, n = n0 + lane * 4;
    unsigned warps = blockDim.y, thread = threadIdx.y * 32 + threadIdx.x;
    unsigned first = blockIdx.x * warps * GROUPS * R * H, apart = warps * GROUPS * H;
    unsigned own = first + (threadIdx.y * GROUPS + group) * H;
    if (first >= a.rows || n0 >= a.ld) return;
    float *slots = (float *)shared;
    unsigned buffers = min(t.chunks, (unsigned)BUFFERS);
    auto &entries = ((Shared<H> *)(slots + buffers * t.chunk * WIDE))[threadIdx.y * GROUPS + group];
    auto ask = [&](unsigned c) {
        if (c < t.chunks) {
            unsigned begin = c * t.chunk, count = min(t.chunk, t.cols - begin);
            float *to = slots + c % BUFFERS * t.chunk * WIDE;
            for (unsigned i = thread; i < count * (WIDE / 4); i += warps * 32) {
                unsigned s = i / (WIDE / 4), m = n0 + i % (WIDE / 4) * 4;
                copy16(to + i * 4, a.from + (size_t)(begin + s) * a.ld + (m < a.ld ? m : 0), m < a.ld);
            }
        }
        close_copies();
    };
    for (unsigned c = 0; c < BUFFERS - 1; c++) ask(c);
    float4 sum[R][H][V];
#pragma unroll
    for (int i = 0; i < R * H; i++) {
        unsigned row = own + i / H * apart + i % H;
        float4 start = splat(a.bias && row < a.rows ? a.bias[row] : 0.0f);
#pragma unroll
        for (int v = 0; v < V; v++) sum[i / H][i % H][v] = start;
    }
    // Lane r of a row's lanes knows the entries of its r-th row, before they are needed.
    Row known;
    auto look = [&](unsigned c) {
        unsigned row = own + lane * apart;
        known = {0, 0, 0};
        if (lane >= R || row >= a.rows || c >= t.chunks) return;
        const unsigned *bound = t.bound + row * t.chunks + c;
        known = {bound[0], bound[1], H > 1 ? bound[t.chunks] : 0};
        known.size -= known.begin, known.length -= known.begin;
    };
    look(0);
#pragma unroll 1
    for (unsigned c = 0; c < t.chunks; c++) {
        Row current = known, coming;
        unsigned least_of, most_of, at = 0;
        extremes(current.size, least_of, most_of);
        auto row_of = [&](int r) {
            return Row{__shfl_sync(ALL, current.begin, r, LANES), __shfl_sync(ALL, current.size, r, LANES),
                       H > 1 ? __shfl_sync(ALL, current.length, r, LANES) : 0};
        };
        coming = row_of(0);
        Fetched<H> fetched;
        fetched.ask(a, coming, 0);
        look(c + 1);
        await_copies<BUFFERS - 2>();
        __syncthreads();
        ask(c + BUFFERS - 1);
        Chunk<V> source = {slots + c % BUFFERS * t.chunk * WIDE + lane * 4, c * t.chunk};
#pragma unroll 1
        for (int r = 0; r < R;) {
            unsigned least = __shfl_sync(ALL, least_of, r), most = __shfl_sync(ALL, most_of, r);
            unsigned size = coming.size, now = at;
            __syncwarp();
            fetched.put(source, entries);
            __syncwarp();
            at += COUNT;
            bool ends = at >= most;
            if (ends) {
                at = 0, r++;
                coming = row_of(r < R ? r : 0);
            }
            if (r < R) fetched.ask(a, coming, at);
            add_all<V, H, N>(source, entries, less(size, now), less(least, now), less(most, now), sum[0]);
            if (ends) next_row(sum);
        }
    }
#pragma unroll 1
    for (int r = 0; r < R; r++) {
#pragma unroll
        for (int i = 0; i < H * V; i++) {
            unsigned at = n + i % V * 32;
            if (at < a.ld) finish(a, own + r * apart + i / V, at, sum[0][i / V][i % V]);
        }
        next_row(sum);
    }
}

// grid (⌈rows / (4 · W · R)⌉, ld / 32, z), block (32, W) with W at most 16, R the number in the name;
// dynamic shared memory min(chunks, BUFFERS) · chunk · 128 + W · 1088 bytes.
KERNEL(gather_tiled_1, Tiled, 512) { tiled<1, 1, 1>(each.of[blockIdx.z]); }

// The same with 64 samples at a time: grid (⌈rows / (4 · W · R)⌉, ⌈ld / 64⌉, z), block (32, W), dynamic
// shared memory min(chunks, BUFFERS) · chunk · 256 + W · 1088 bytes.
KERNEL(gather_wide_1, Tiled, 512) { tiled<1, 2, 1>(each.of[blockIdx.z]); }
KERNEL(gather_wide_4, Tiled, 512) { tiled<4, 2, 1>(each.of[blockIdx.z]); }

// As `gather_tiled` and `gather_wide` where rows 4 i .. 4 i + 4 have the same pattern, so that what is read
// of `from` serves all four; `rows` is a multiple of 4.
// grid (⌈rows / (16 · W · R)⌉, ld / 32 or ⌈ld / 64⌉, z), block (32, W) with W at most 16; dynamic shared
// memory min(chunks, BUFFERS) · chunk · 128 (or 256) + W · 1408 bytes.
KERNEL(gather_blocks_1, Tiled, 512) { tiled<1, 1, 4>(each.of[blockIdx.z]); }
KERNEL(gather_blocks_wide_1, Tiled, 512) { tiled<1, 2, 4>(each.of[blockIdx.z]); }
