// Sparse convolutions: `gather` and `sample` at the positions of a walk.
//
// A warp takes one row of the matrix and 4 positions, 8 lanes and 32 samples each, or of bf16 8 positions and
// 4 lanes: its entries are the same for all of them.
#include "planes.h"

// Positions of a warp, and lanes of each, which have 16 bytes of 32 samples.
template <class T> constexpr unsigned POSITIONS = COUNT<T>;
template <class T> constexpr unsigned SHARE = 32 / COUNT<T>;

// The next 32 entries of a warp's row, two in a read.
struct Entries {
    float2 entry[32];
};

// `gather` with entries that are slots relative to a position, `to` and `y` where the walk says. The way back
// is one such for each phase of the stride, of which four share a launch.
// grid (⌈rows / 4⌉, ⌈ny · nx / 4⌉ · ld / 32 or of bf16 ⌈ny · nx / 8⌉ · ld / 32, z), block (32, 4), no dynamic
// shared memory.
template <class T> __device__ __forceinline__ void gather_at(const ConvGather<T> &of) {
    const Gather<T> a = of.all;
    const Walk walk = of.walk;
    SHARED(Entries, entries, [4]);
    unsigned tiles = a.ld / 32, positions = walk.ny * walk.nx, row = blockIdx.x * 4 + threadIdx.y;
    unsigned first = blockIdx.y / tiles * POSITIONS<T>, p = first + threadIdx.x / SHARE<T>;
    if (row >= a.rows || first >= positions) return;
    bool in = p < positions;
    unsigned n = blockIdx.y % tiles * 32 + threadIdx.x % SHARE<T> * COUNT<T>;
    unsigned py = p / walk.nx, px = p % walk.nx;
    const T *from = a.from + (size_t)walk.from.of(py, px) * a.ld + n;
    float4 sum[FOURS<T>];
#pragma unroll
    for (unsigned f = 0; f < FOURS<T>; f++) sum[f] = splat(a.bias ? a.bias[row] : 0.0f);
    unsigned begin = a.ptr[row], end = a.ptr[row + 1], slot;
    float value;
    Entries &own = entries[threadIdx.y];
    auto fetch = [&](unsigned at) {
        unsigned k = at + threadIdx.x, from = k;
        slot = load_if(end, k, a.index + k);
        if (a.perm) from = load_if(end, k, a.perm + k);
        value = load_if(end, k, a.value + from);
    };
    fetch(begin);
    for (unsigned at = begin; at < end; at += 32) {
        __syncwarp();
        own.entry[threadIdx.x] = make_float2(value, __uint_as_float(slot * a.ld));
        __syncwarp();
        fetch(at + 32);
        for (unsigned e = 0; e < 32 && at + e < end; e += 8) {
            float4 x[8];
            float weight[8];
            unsigned left = in ? end - at - e : 0;
#pragma unroll
            for (unsigned i = 0; i < 8; i += 2) {
                float4 two = *(const float4 *)&own.entry[e + i];
                weight[i] = two.x, weight[i + 1] = two.z;
                x[i] = load16_if(left, i, from + __float_as_uint(two.y));
                x[i + 1] = load16_if(left, i + 1, from + __float_as_uint(two.w));
            }
#pragma unroll
            for (unsigned i = 0; i < 8; i++)
                if (at + e + i < end) {
#pragma unroll
                    for (unsigned f = 0; f < FOURS<T>; f++)
                        sum[f] = fma4(weight[i], four<T>(x[i], f), sum[f]);
                }
        }
    }
    if (!in) return;
    float4 y = splat(0.0f);
    if (a.y) y = *(const float4 *)(a.y + (size_t)(walk.at.of(py, px) + row * walk.at.row) * a.ld + n);
#pragma unroll
    for (unsigned f = 0; f < FOURS<T>; f++)
        sum[f] = a.y ? chain(a.activation, four<T>(y, f), sum[f]) : activate(a.activation, sum[f]);
    put16(a.to, (size_t)(walk.to.of(py, px) + row * walk.to.row) * a.ld + n, a.gives, sum);
}
KERNELS(conv_gather, ConvGather, 128, gather_at<T>)

// `dw[k] = Σ dy · x` over positions and samples: `dy` where the walk writes, `x` where it reads. A block has
// 8 entries of a row; `db` is summed by the first of the row.
// grid (rows, max(⌈most entries of a row / 8⌉, 1), z), block (32, 8), no dynamic shared memory.
template <class T> __device__ __forceinline__ void sample_at(const ConvSample<T> &of) {
    const Sample<T> a = of.all;
    const Walk walk = of.walk;
    SHARED(float, sums, [8][9]);
    unsigned row = blockIdx.x, warp = threadIdx.y, lane = threadIdx.x % LANES;
    if (row >= a.rows) return;
    unsigned begin = a.ptr[row] + blockIdx.y * 8, end = a.ptr[row + 1], offset[8];
    bool sums_row = a.db && blockIdx.y == 0;
    if (begin >= end && !sums_row) return;
    unsigned left = begin < end ? end - begin : 0;
#pragma unroll
    for (unsigned i = 0; i < 8; i++) offset[i] = i < left ? a.index[begin + i] * a.ld : 0;
    unsigned tiles = a.ld / 32, all = walk.ny * walk.nx * tiles;
    float sum[8] = {}, row_sum = 0.0f;
    for (unsigned i = warp * POSITIONS<T> + threadIdx.x / SHARE<T>; i < all; i += 8 * POSITIONS<T>) {
        unsigned p = i / tiles, n = i % tiles * 32 + threadIdx.x % SHARE<T> * COUNT<T>;
        unsigned py = p / walk.nx, px = p % walk.nx;
        const T *x = a.x + (size_t)walk.from.of(py, px) * a.ld + n;
        const T *dy = a.dy + (size_t)(walk.to.of(py, px) + row * walk.to.row) * a.ld + n;
        float4 raw = *(const float4 *)dy, v[8];
#pragma unroll
        for (unsigned e = 0; e < 8; e++) v[e] = load16_if(left, e, x + offset[e]);
#pragma unroll
        for (unsigned f = 0; f < FOURS<T>; f++) {
            float4 d = four<T>(raw, f);
#pragma unroll
            for (unsigned e = 0; e < 8; e++)
                if (e < left) sum[e] = dot4(d, four<T>(v[e], f), sum[e]);
            row_sum += d.x + d.y + d.z + d.w;
        }
    }
    float total = transposed_sum(sum, lane);
    total += __shfl_xor_sync(ALL, total, 8);
    total += __shfl_xor_sync(ALL, total, 16);
    if (threadIdx.x < 8) sums[warp][lane] = total;
    row_sum = warp_sum(row_sum);
    if (threadIdx.x == 8) sums[warp][8] = row_sum;
    __syncthreads();
    if (warp || threadIdx.x > 8) return;
    total = sums[0][threadIdx.x];
    for (unsigned w = 1; w < 8; w++) total += sums[w][threadIdx.x];
    if (threadIdx.x == 8) {
        if (sums_row) a.db[row] = total;
    } else if (begin + threadIdx.x < end) {
        a.dw[begin + threadIdx.x] = total;
    }
}
KERNELS(conv_sample, ConvSample, 256, sample_at<T>)
