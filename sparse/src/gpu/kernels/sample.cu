// The gradient of the weights that there are: products of slots of two sides, summed over the samples.
#include "common.h"

// Entries whose sums a lane holds at a time.
constexpr unsigned ENTRIES = 8;

// `dw[k] = Σ dy[row] · x[index[k]]`, and `db[row] = Σ dy[row]` unless `db` is null. A block has a row; its
// warps share the samples, 32 of f32 or 64 of bf16 at a time, and what is more of them than those the
// entries; 8 lanes of a warp have 8 entries.
// grid (rows, 1, z), block (32, 8), no dynamic shared memory.
template <class T> __device__ __forceinline__ void sample_rows(const Sample<T> a) {
    SHARED(float, sums, [2][8][32]);
    unsigned row = blockIdx.x, warp = threadIdx.y, warps = blockDim.y;
    unsigned sharing = min(warps, (a.ld + SAMPLES<T> - 1) / SAMPLES<T>);
    unsigned group = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    if (row >= a.rows) return;
    while (warps % sharing) sharing--;
    unsigned begin = a.ptr[row], end = a.ptr[row + 1], turn = 0, part = warp % sharing, team = warp / sharing;
    const T *dy = a.dy + (size_t)row * a.ld;
    for (unsigned at = begin; at < end; at += 32 * (warps / sharing), turn ^= 1) {
        unsigned own = at + team * 32, first = own + group * ENTRIES, offset[ENTRIES];
        unsigned left = first < end ? end - first : 0;
#pragma unroll
        for (unsigned i = 0; i < ENTRIES; i++) offset[i] = load_if(left, i, a.index + first + i) * a.ld;
        float sum[ENTRIES] = {};
        for (unsigned n0 = part * SAMPLES<T>; n0 < a.ld; n0 += sharing * SAMPLES<T>) {
            // Lanes beyond the samples have none of the entries, and read what stands before.
            unsigned n = n0 + lane * COUNT<T>, here = FOURS<T> == 1 || n < a.ld ? left : 0;
            float4 d = *(const float4 *)(dy + (FOURS<T> == 1 || n < a.ld ? n : n0)), v[ENTRIES];
#pragma unroll
            for (unsigned i = 0; i < ENTRIES; i++) v[i] = load16_if(here, i, a.x + offset[i] + n);
#pragma unroll
            for (unsigned i = 0; i < ENTRIES; i++)
                if (i < here) {
#pragma unroll
                    for (unsigned f = 0; f < FOURS<T>; f++)
                        sum[i] = dot4(four<T>(d, f), four<T>(v[i], f), sum[i]);
                }
        }
        float total = transposed_sum(sum, lane);
        if (sharing > 1) {
            sums[turn][warp][threadIdx.x] = total;
            // The next turn writes elsewhere, and the one after it behind this barrier's successor.
            __syncthreads();
            for (unsigned w = 1; w < sharing; w++) total += part ? 0.0f : sums[turn][warp + w][threadIdx.x];
        }
        if (part == 0 && own + threadIdx.x < end) a.dw[own + threadIdx.x] = total;
    }
    if (a.db && warp == warps - 1) {
        float sum = 0.0f;
        for (unsigned n = threadIdx.x; n < a.ld; n += 32) sum += widened(dy[n]);
        sum = warp_sum(sum);
        if (threadIdx.x == 0) a.db[row] = sum;
    }
}
KERNELS(sample, Sample, 256, sample_rows<T>)

// Samples of which the lanes of a warp have 16 bytes each.
template <class T> constexpr unsigned WARP = 32 * COUNT<T>;

// What a lane has of the products of one row with 8 others, of which the first `left` are there; `at` is
// where those begin in shared memory, lane i's that of the i-th. A lane has 16 bytes of each 512, which are a
// warp's, `has` of those.
template <class T, unsigned OWN, bool WHOLE>
__device__ __forceinline__ float products(const float4 (&dy)[OWN * FOURS<T>], const T *x, unsigned at,
                                          unsigned left, unsigned has) {
    float sum[ENTRIES];
#pragma unroll
    for (unsigned i = 0; i < ENTRIES; i++) {
        const T *from = x + __shfl_sync(ALL, at, i);
        sum[i] = 0.0f;
        if (!WHOLE && i >= left) continue;
        float4 raw = *(const float4 *)from, a = four<T>(raw, 0);
        float4 s = make_float4(dy[0].x * a.x, dy[0].y * a.y, dy[0].z * a.z, dy[0].w * a.w);
#pragma unroll
        for (unsigned j = 1; j < OWN * FOURS<T>; j++) {
            unsigned own = j / FOURS<T>;
            if (j % FOURS<T> == 0) raw = own < has ? *(const float4 *)(from + own * WARP<T>) : splat(0.0f);
            float4 b = four<T>(raw, j % FOURS<T>);
            s = make_float4(fmaf(dy[j].x, b.x, s.x), fmaf(dy[j].y, b.y, s.y), fmaf(dy[j].z, b.z, s.z),
                            fmaf(dy[j].w, b.w, s.w));
        }
        sum[i] = (s.x + s.y) + (s.z + s.w);
    }
    float total = transposed_sum(sum, threadIdx.x % ENTRIES);
    total += __shfl_xor_sync(ALL, total, 8);
    return total + __shfl_xor_sync(ALL, total, 16);
}

// The entries of a row from `at` on: lane i has the slot of the i-th, and what its product was in the last
// pass.
struct Ahead {
    unsigned at, end, slot;
    float sum;
};

template <class T, unsigned OWN> __device__ __forceinline__ void tiled_sample(const SampleTiled<T> &t) {
    // Samples of a pass, and of 16 bytes.
    constexpr unsigned PASS = OWN * WARP<T>, EACH = COUNT<T>, ALL_OWN = OWN * FOURS<T>;
    const Sample<T> &a = t.all;
    DYNAMIC_SHARED(float4, chunk_of_x);
    unsigned lane = threadIdx.x, warps = blockDim.y, c = blockIdx.y, begin = c * t.chunk;
    unsigned start = blockIdx.x * warps + threadIdx.y, apart = gridDim.x * warps, wide = min(a.ld, PASS);
    if (c >= t.chunks) return;
    T *x = (T *)chunk_of_x;
    for (unsigned n0 = 0; n0 < a.ld; n0 += PASS) {
        unsigned size = min(wide, a.ld - n0), all = min(t.chunk, t.cols - begin) * (size / EACH);
        if (n0) __syncthreads();
        for (unsigned i = threadIdx.y * 32 + lane; i < all; i += warps * 32) {
            unsigned s = i / (size / EACH), n = i % (size / EACH) * EACH;
            copy16(x + s * wide + n, a.x + (size_t)(begin + s) * a.ld + n0 + n, true);
        }
        close_copies();
        unsigned own = lane * EACH < size ? lane * EACH : 0;
        unsigned has = (size + WARP<T> - 1 - lane * EACH) / WARP<T>;
        // What a row needs is on its way while the one before is worked on, and its bounds while the one
        // before that.
        Ahead ahead = {}, behind = {};
        float4 coming[OWN] = {};
        auto bounds = [&](unsigned row) {
            Ahead of = {};
            if (row >= a.rows) return of;
            const unsigned *bound = t.bound + row * t.chunks + c;
            of.at = bound[0], of.end = bound[1];
            return of;
        };
        auto entries = [&](Ahead &of) {
            unsigned mine = of.at + lane % ENTRIES;
            of.slot = load_if(of.end, mine, a.index + mine);
            of.sum = load_if(n0 ? of.end : 0, mine, a.dw + mine);
        };
        auto look = [&](unsigned row) {
            if (row >= a.rows) return;
            const T *dy = a.dy + (size_t)row * a.ld + n0 + own;
#pragma unroll
            for (unsigned j = 0; j < OWN; j++)
                coming[j] = j < has ? *(const float4 *)(dy + j * WARP<T>) : splat(0.0f);
        };
        look(start);
        ahead = bounds(start), behind = bounds(start + apart);
        entries(ahead);
        await_copies<0>();
        __syncthreads();
        for (unsigned row = start; row < a.rows; row += apart) {
            float4 dy[ALL_OWN];
#pragma unroll
            for (unsigned j = 0; j < ALL_OWN; j++) dy[j] = four<T>(coming[j / FOURS<T>], j % FOURS<T>);
            Ahead now = ahead;
            ahead = behind;
            look(row + apart), entries(ahead);
            behind = bounds(row + 2 * apart);
            while (now.at < now.end) {
                unsigned mine = now.at + lane % ENTRIES, left = now.end - now.at;
                unsigned from = mine < now.end ? (now.slot - begin) * wide : 0;
                float sum = n0 ? now.sum : 0.0f;
                now.at += ENTRIES;
                entries(now);
                sum += left >= ENTRIES ? products<T, OWN, true>(dy, x + own, from, left, has)
                                       : products<T, OWN, false>(dy, x + own, from, left, has);
                if (lane < ENTRIES && mine < now.end) a.dw[mine] = sum;
            }
            if (a.db && c == 0) {
                float sum = 0.0f;
#pragma unroll
                for (unsigned j = 0; j < ALL_OWN; j++) sum += (dy[j].x + dy[j].y) + (dy[j].z + dy[j].w);
                sum = warp_sum(sum);
                if (lane == 0) a.db[row] = n0 ? a.db[row] + sum : sum;
            }
        }
    }
}

// As `sample` for large layers: a block keeps `chunk` slots of `x` in shared memory, 256 or 512 samples at a
// time, and its warps go through rows. `bound` is as in Tiled.
// grid (G, chunks, z) with any G up to ⌈rows / W⌉, block (32, W) with W at most 16; dynamic shared memory
// chunk · min(ld, 256 or 512) samples.
KERNEL(sample_tiled, SampleTiled<float>, 512, 1) { tiled_sample<float, 2>(each.of[blockIdx.z]); }
KERNEL(sample_wide, SampleTiled<float>, 512, 1) { tiled_sample<float, 4>(each.of[blockIdx.z]); }
KERNEL(sample_tiled_bf16, SampleTiled<bf16>, 512, 1) { tiled_sample<bf16, 1>(each.of[blockIdx.z]); }
KERNEL(sample_wide_bf16, SampleTiled<bf16>, 512, 1) { tiled_sample<bf16, 2>(each.of[blockIdx.z]); }
