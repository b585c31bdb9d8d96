// The gradient of the weights that there are: products of slots of two sides, summed over the samples.
#include "common.h"

// Entries whose sums a lane holds at a time.
constexpr unsigned ENTRIES = 8;

// Sums each of 8 values over 8 lanes; lane `l` of them gets sum `l`. Halves what a lane holds at each step.
__device__ __forceinline__ float transposed_sum(float v[ENTRIES], unsigned lane) {
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

// `dw[k] = Σ dy[row] · x[index[k]]`, and `db[row] = Σ dy[row]` unless `db` is null. A block has a row, its warps
// share the samples; 8 lanes of a warp have 8 entries.
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
        unsigned first = at + group * ENTRIES, offset[ENTRIES];
#pragma unroll
        for (unsigned i = 0; i < ENTRIES; i++) offset[i] = first + i < end ? a.index[first + i] * a.ld : 0;
        float sum[ENTRIES] = {};
        for (unsigned n = warp * 32; n < a.ld; n += warps * 32) {
            float4 d = *(const float4 *)(dy + n), v[ENTRIES];
#pragma unroll
            for (unsigned i = 0; i < ENTRIES; i++) v[i] = load4_if(first + i < end, x + offset[i] + n);
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

// As `sample` for large layers: a block keeps `chunk` slots of `x` in shared memory, all their samples, and its
// warps go through rows; a lane holds what it has of `dy`, V · 4 samples at a time.
template <int V> __device__ __forceinline__ void sample_chunk(const SampleTiled &t) {
    const Sample a = t.all;
    DYNAMIC_SHARED(float4, shared);
    unsigned lane = threadIdx.x, warps = blockDim.y, c = blockIdx.y, begin = c * t.chunk;
    if (c >= t.chunks) return;
    float *x = (float *)shared;
    unsigned floats = min(t.chunk, t.cols - begin) * a.ld;
    for (unsigned i = threadIdx.y * 32 + lane; i < floats / 4; i += warps * 32)
        copy16(x + i * 4, a.x + (size_t)begin * a.ld + i * 4, true);
    close_copies();
    await_copies<0>();
    __syncthreads();
    for (unsigned row = blockIdx.x * warps + threadIdx.y; row < a.rows; row += gridDim.x * warps) {
        unsigned first = t.bound[row * t.chunks + c], end = t.bound[row * t.chunks + c + 1];
        bool sums_row = a.db && c == 0;
        float row_sum = 0.0f;
        for (unsigned n0 = 0; n0 < a.ld; n0 += V * 128) {
            float4 d[V];
#pragma unroll
            for (int v = 0; v < V; v++) {
                unsigned n = n0 + v * 128 + lane * 4;
                d[v] = n < a.ld ? *(const float4 *)(a.dy + (size_t)row * a.ld + n) : splat(0.0f);
                row_sum += d[v].x + d[v].y + d[v].z + d[v].w;
            }
            for (unsigned at = first; at < end; at += ENTRIES) {
                unsigned mine = at + lane % ENTRIES, slot = mine < end ? a.index[mine] - begin : 0;
                float sum[ENTRIES];
#pragma unroll
                for (unsigned i = 0; i < ENTRIES; i++) {
                    sum[i] = 0.0f;
                    const float *from = x + __shfl_sync(ALL, slot, i) * a.ld + n0 + lane * 4;
                    if (at + i >= end) continue;
                    float4 s = splat(0.0f);
#pragma unroll
                    for (int v = 0; v < V; v++) {
                        if (n0 + v * 128 + lane * 4 >= a.ld) continue;
                        float4 b = *(const float4 *)(from + v * 128);
                        s = make_float4(fmaf(d[v].x, b.x, s.x), fmaf(d[v].y, b.y, s.y), fmaf(d[v].z, b.z, s.z),
                                        fmaf(d[v].w, b.w, s.w));
                    }
                    sum[i] = (s.x + s.y) + (s.z + s.w);
                }
                float total = transposed_sum(sum, lane % ENTRIES);
                total += __shfl_xor_sync(ALL, total, 8);
                total += __shfl_xor_sync(ALL, total, 16);
                if (lane < ENTRIES && mine < end) a.dw[mine] = n0 ? a.dw[mine] + total : total;
            }
        }
        if (sums_row) {
            row_sum = warp_sum(row_sum);
            if (lane == 0) a.db[row] = row_sum;
        }
    }
}

// grid (G, chunks, z) with any G up to ⌈rows / W⌉, block (32, W) with W at most 16; dynamic shared memory
// chunk · ld · 4 bytes. The second has registers for 1,024 samples, the first for 256; both take any number.
KERNEL(sample_tiled_2, SampleTiled, 512) { sample_chunk<2>(each.of[blockIdx.z]); }
KERNEL(sample_tiled_8, SampleTiled, 512) { sample_chunk<8>(each.of[blockIdx.z]); }
