// The gradient of the weights that there are: products of slots of two sides, summed over the samples.
#include "common.h"

// Entries whose sums a lane holds at a time.
constexpr unsigned ENTRIES = 8;

// `dw[k] = Σ dy[row] · x[index[k]]`, and `db[row] = Σ dy[row]` unless `db` is null. A block has a row, its
// warps share the samples; 8 lanes of a warp have 8 entries.
// grid (rows, 1, z), block (32, min(ld / 32, 8)), no dynamic shared memory.
KERNEL(sample, Sample, 256) {
    const Sample a = each.of[blockIdx.z];
    SHARED(float, sums, [2][8][32]);
    unsigned row = blockIdx.x, warp = threadIdx.y, warps = blockDim.y;
    unsigned group = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    if (row >= a.rows) return;
    unsigned begin = a.ptr[row], end = a.ptr[row + 1], turn = 0;
    const float *dy = a.dy + (size_t)row * a.ld + lane * 4, *x = a.x + lane * 4;
    for (unsigned at = begin; at < end; at += 4 * ENTRIES, turn ^= 1) {
        unsigned first = at + group * ENTRIES, offset[ENTRIES], left = first < end ? end - first : 0;
#pragma unroll
        for (unsigned i = 0; i < ENTRIES; i++) offset[i] = i < left ? a.index[first + i] * a.ld : 0;
        float sum[ENTRIES] = {};
        for (unsigned n = warp * 32; n < a.ld; n += warps * 32) {
            float4 d = *(const float4 *)(dy + n), v[ENTRIES];
#pragma unroll
            for (unsigned i = 0; i < ENTRIES; i++) v[i] = load4_if(left, i, x + offset[i] + n);
#pragma unroll
            for (unsigned i = 0; i < ENTRIES; i++) sum[i] = dot4(d, v[i], sum[i]);
        }
        sums[turn][warp][threadIdx.x] = transposed_sum(sum, lane);
        // The next turn writes elsewhere, and the one after it behind this barrier's successor.
        __syncthreads();
        if (warp == 0 && at + threadIdx.x < end) {
            float total = sums[turn][0][threadIdx.x];
            for (unsigned w = 1; w < warps; w++) total += sums[turn][w][threadIdx.x];
            a.dw[at + threadIdx.x] = total;
        }
    }
    if (a.db && warp == warps - 1) {
        float sum = 0.0f;
        for (unsigned n = threadIdx.x; n < a.ld; n += 32) sum += a.dy[(size_t)row * a.ld + n];
        sum = warp_sum(sum);
        if (threadIdx.x == 0) a.db[row] = sum;
    }
}

// Samples of a pass, and what of them a lane has.
constexpr unsigned PASS = 256, OWN = PASS / 128;

// What a lane has of the products of one row with 8 others, of which the first `left` are there; `at` is
// where those begin in shared memory, lane i's that of the i-th.
template <bool WHOLE>
__device__ __forceinline__ float products(const float4 (&dy)[OWN], const float *x, unsigned at, unsigned left,
                                          bool has_more) {
    float sum[ENTRIES];
#pragma unroll
    for (unsigned i = 0; i < ENTRIES; i++) {
        const float *from = x + __shfl_sync(ALL, at, i);
        sum[i] = 0.0f;
        if (!WHOLE && i >= left) continue;
        float4 a = *(const float4 *)from, b = has_more ? *(const float4 *)(from + 128) : splat(0.0f);
        float4 s = make_float4(fmaf(dy[1].x, b.x, dy[0].x * a.x), fmaf(dy[1].y, b.y, dy[0].y * a.y),
                               fmaf(dy[1].z, b.z, dy[0].z * a.z), fmaf(dy[1].w, b.w, dy[0].w * a.w));
        sum[i] = (s.x + s.y) + (s.z + s.w);
    }
    float total = transposed_sum(sum, threadIdx.x % ENTRIES);
    total += __shfl_xor_sync(ALL, total, 8);
    return total + __shfl_xor_sync(ALL, total, 16);
}

// As `sample` for large layers: a block keeps `chunk` slots of `x` in shared memory, PASS samples at a time,
// and its warps go through rows. `bound` is as in Tiled.
// grid (G, chunks, z) with any G up to ⌈rows / W⌉, block (32, W) with W at most 16; dynamic shared memory
// chunk · min(ld, 256) · 4 bytes.
KERNEL(sample_tiled, SampleTiled, 512) {
    const SampleTiled &t = each.of[blockIdx.z];
    const Sample &a = t.all;
    DYNAMIC_SHARED(float4, chunk_of_x);
    unsigned lane = threadIdx.x, warps = blockDim.y, c = blockIdx.y, begin = c * t.chunk;
    unsigned start = blockIdx.x * warps + threadIdx.y, apart = gridDim.x * warps, wide = min(a.ld, PASS);
    if (c >= t.chunks) return;
    float *x = (float *)chunk_of_x;
    for (unsigned n0 = 0; n0 < a.ld; n0 += PASS) {
        unsigned size = min(wide, a.ld - n0), all = min(t.chunk, t.cols - begin) * (size / 4);
        if (n0) __syncthreads();
        for (unsigned i = threadIdx.y * 32 + lane; i < all; i += warps * 32) {
            unsigned s = i / (size / 4), n = i % (size / 4) * 4;
            copy16(x + s * wide + n, a.x + (size_t)(begin + s) * a.ld + n0 + n, true);
        }
        close_copies();
        unsigned own = lane * 4 < size ? lane * 4 : 0;
        bool has = lane * 4 < size, has_more = lane * 4 + 128 < size;
        // The next row's bounds and gradient are on their way while one is worked on.
        unsigned next = 0, next_end = 0;
        float4 coming[OWN];
        auto look = [&](unsigned row) {
            if (row >= a.rows) return;
            const float *dy = a.dy + (size_t)row * a.ld + n0 + own;
            next = t.bound[row * t.chunks + c], next_end = t.bound[row * t.chunks + c + 1];
            coming[0] = has ? *(const float4 *)dy : splat(0.0f);
            coming[1] = has_more ? *(const float4 *)(dy + 128) : splat(0.0f);
        };
        look(start);
        await_copies<0>();
        __syncthreads();
        for (unsigned row = start; row < a.rows; row += apart) {
            float4 dy[OWN] = {coming[0], coming[1]};
            unsigned first = next, end = next_end;
            look(row + apart);
            for (unsigned at = first; at < end; at += ENTRIES) {
                unsigned mine = at + lane % ENTRIES, left = end - at;
                unsigned from = mine < end ? (a.index[mine] - begin) * wide : 0;
                float total = left >= ENTRIES ? products<true>(dy, x + own, from, left, has_more)
                                              : products<false>(dy, x + own, from, left, has_more);
                if (lane < ENTRIES && mine < end) a.dw[mine] = n0 ? a.dw[mine] + total : total;
            }
            if (a.db && c == 0) {
                float sum = warp_sum((dy[0].x + dy[0].y) + (dy[0].z + dy[0].w) + (dy[1].x + dy[1].y) +
                                     (dy[1].z + dy[1].w));
                if (lane == 0) a.db[row] = n0 ? a.db[row] + sum : sum;
            }
        }
    }
}
