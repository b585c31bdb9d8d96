// `gather` for large layers: the slots pass through shared memory, a chunk of them at a time.
#include "gather.cu"

// One copy of the code serves all rows of a lane: their sums go round, so that the first is always the
// current one.
template <int R, int H, int F> __device__ __forceinline__ void next_row(float4 (&sum)[R][H][F]) {
#pragma unroll
    for (int i = 0; i < H * F; i++) {
        float4 done = sum[0][i / F][i % F];
#pragma unroll
        for (int r = 1; r < R; r++) sum[r - 1][i / F][i % F] = sum[r][i / F][i % F];
        sum[R - 1][i / F][i % F] = done;
    }
}

// As `gather` for large layers: the slots of V times 32 samples, or 64 of bf16, pass through shared memory,
// `chunk` of them at a time and up to BUFFERS chunks there or on their way; a lane has the sums of R · H
// rows, R at most 8.
template <class T, int R, int V, int H> __device__ __forceinline__ void tiled(const Tiled<T> &t) {
    constexpr unsigned N = H > 1 ? BATCH_4 / V : V > 1 ? BATCH_2 : BATCH_1;
    constexpr unsigned EACH = COUNT<T>, WIDE = V * SAMPLES<T>, F = V * FOURS<T>, NEXT = Shared<H>::COUNT;
    const Gather<T> &a = t.all;
    DYNAMIC_SHARED(float4, shared);
    unsigned group = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    unsigned n0 = blockIdx.y * WIDE, n = n0 + lane * EACH;
    unsigned warps = blockDim.y, thread = threadIdx.y * 32 + threadIdx.x;
    unsigned first = blockIdx.x * warps * GROUPS * R * H, apart = warps * GROUPS * H;
    unsigned own = first + (threadIdx.y * GROUPS + group) * H;
    if (first >= a.rows || n0 >= a.ld) return;
    T *slots = (T *)shared;
    unsigned buffers = min(t.chunks, (unsigned)BUFFERS);
    auto &entries = ((Shared<H> *)(slots + buffers * t.chunk * WIDE))[threadIdx.y * GROUPS + group];
    auto ask = [&](unsigned c) {
        if (c < t.chunks) {
            unsigned begin = c * t.chunk, count = min(t.chunk, t.cols - begin);
            T *to = slots + c % BUFFERS * t.chunk * WIDE;
            for (unsigned i = thread; i < count * (WIDE / EACH); i += warps * 32) {
                unsigned s = i / (WIDE / EACH), m = n0 + i % (WIDE / EACH) * EACH;
                copy16(to + i * EACH, a.from + (size_t)(begin + s) * a.ld + (m < a.ld ? m : 0), m < a.ld);
            }
        }
        close_copies();
    };
    for (unsigned c = 0; c < BUFFERS - 1; c++) ask(c);
    float4 sum[R][H][F];
#pragma unroll
    for (int i = 0; i < R * H; i++) {
        unsigned row = own + i / H * apart + i % H;
        float4 start = splat(a.bias && row < a.rows ? a.bias[row] : 0.0f);
#pragma unroll
        for (unsigned f = 0; f < F; f++) sum[i / H][i % H][f] = start;
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
        Chunk<T, V> source = {slots + c % BUFFERS * t.chunk * WIDE + lane * EACH, c * t.chunk};
#pragma unroll 1
        for (int r = 0; r < R;) {
            unsigned least = __shfl_sync(ALL, least_of, r), most = __shfl_sync(ALL, most_of, r);
            unsigned size = coming.size, now = at;
            __syncwarp();
            fetched.put(source, entries);
            __syncwarp();
            at += NEXT;
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
        for (int i = 0; i < H * V; i++)
            finish(a, own + r * apart + i / V, n + i % V * SAMPLES<T>, sum[0][i / V] + i % V * FOURS<T>);
        next_row(sum);
    }
}

// 32 samples of f32 at a time.
// grid (⌈rows / (4 · W)⌉, ld / 32, z), block (32, W) with W at most 16; dynamic shared memory min(chunks,
// BUFFERS) · chunk · 128 + W · 1088 bytes.
KERNEL(gather_tiled_1, Tiled<float>, 512) { tiled<float, 1, 1, 1>(each.of[blockIdx.z]); }

// 64 samples at a time, of f32 or of bf16, and as many rows a lane as the name ends with.
// grid (⌈rows / (4 · W · R)⌉, ⌈ld / 64⌉, z), block (32, W), dynamic shared memory min(chunks, BUFFERS) ·
// chunk · 256 (bf16: 128) + W · 1088 bytes.
KERNEL(gather_wide_1, Tiled<float>, 512) { tiled<float, 1, 2, 1>(each.of[blockIdx.z]); }
KERNEL(gather_wide_4, Tiled<float>, 512) { tiled<float, 4, 2, 1>(each.of[blockIdx.z]); }
KERNEL(gather_wide_1_bf16, Tiled<bf16>, 512) { tiled<bf16, 1, 1, 1>(each.of[blockIdx.z]); }
KERNEL(gather_wide_4_bf16, Tiled<bf16>, 512) { tiled<bf16, 4, 1, 1>(each.of[blockIdx.z]); }

// As these where rows 4 i .. 4 i + 4 have the same pattern, so that what is read of `from` serves all four;
// `rows` is a multiple of 4.
// grid (⌈rows / (16 · W)⌉, as those, z), block (32, W) with W at most 16; dynamic shared memory as those,
// with W · 1408 bytes.
KERNEL(gather_blocks_1, Tiled<float>, 512) { tiled<float, 1, 1, 4>(each.of[blockIdx.z]); }
KERNEL(gather_blocks_wide_1, Tiled<float>, 512) { tiled<float, 1, 2, 4>(each.of[blockIdx.z]); }
KERNEL(gather_blocks_wide_1_bf16, Tiled<bf16>, 512) { tiled<bf16, 1, 1, 4>(each.of[blockIdx.z]); }
