// Products of dense matrices: a layer's forward, its way back, and the gradient of its weights.
//
// A block has a tile of the product. Both sides pass through shared memory, TK of the summed dimension at a time,
// the next on its way while one is worked on. Within a step the warps may share the summed dimension, too: a layer
// of 256 has few tiles, and waits for memory rather than for arithmetic.
#include "common.h"

// How a product is cut: a thread has MM × NN of a tile TM × TN, and SPLIT threads share the sums of those.
template <int TM_, int TN_, int TK_, int MM_, int NN_, int SPLIT_, int STAGES_> struct Cut {
    static constexpr int TM = TM_, TN = TN_, TK = TK_, MM = MM_, NN = NN_, SPLIT = SPLIT_, STAGES = STAGES_;
    static constexpr int WIDE = TN / NN, EACH = TM / MM * WIDE, THREADS = EACH * SPLIT;
};

// A side of the product: `T` rows (or columns) of the tile by TK. KEEPS: the summed dimension is the one that is
// consecutive in memory; it stays so in shared memory, where four of it are read at once.
template <int T, int TK, int PER, bool KEEPS> struct Side {
    static constexpr int STRIDE = KEEPS ? TK + 4 : T, FLOATS = KEEPS ? T * STRIDE : TK * STRIDE;
    static constexpr int V = PER < 4 ? PER : 4, ACROSS = T / PER;

    const float *from;
    unsigned ld, size, depth;
    bool wide;
    float *shared;

    // Asks for the tile at `first` and step `k`: zeros where there is nothing.
    template <int THREADS> __device__ __forceinline__ void ask(int stage, unsigned first, unsigned k, unsigned t) const {
        constexpr unsigned COLS = KEEPS ? TK : T, ROWS = KEEPS ? T : TK;
        unsigned row0 = KEEPS ? first : k, col0 = KEEPS ? k : first, rows = KEEPS ? size : depth;
        unsigned cols = KEEPS ? depth : size;
        float *to = shared + stage * FLOATS;
        if (wide) {
#pragma unroll
            for (unsigned i = t; i < ROWS * COLS / 4; i += THREADS) {
                unsigned r = i / (COLS / 4), c = i % (COLS / 4) * 4;
                bool there = row0 + r < rows && col0 + c < cols;
                copy16(to + r * STRIDE + c, there ? from + (size_t)(row0 + r) * ld + col0 + c : from, there);
            }
        } else {
#pragma unroll 4
            for (unsigned i = t; i < ROWS * COLS; i += THREADS) {
                unsigned r = i / COLS, c = i % COLS;
                bool there = row0 + r < rows && col0 + c < cols;
                copy4(to + r * STRIDE + c, there ? from + (size_t)(row0 + r) * ld + col0 + c : from, there);
            }
        }
    }
    // Which of the tile's rows is a thread's `i`-th.
    static __device__ __forceinline__ int at(int thread, int i) {
        return KEEPS ? thread + i * ACROSS : i / V * (ACROSS * V) + thread * V + i % V;
    }
    // A thread's rows at the steps k..k+4.
    __device__ __forceinline__ void read(int stage, int thread, int k, float part[PER][4]) const {
        const float *s = shared + stage * FLOATS;
        if constexpr (KEEPS) {
#pragma unroll
            for (int i = 0; i < PER; i++) {
                float4 x = *(const float4 *)(s + at(thread, i) * STRIDE + k);
                part[i][0] = x.x, part[i][1] = x.y, part[i][2] = x.z, part[i][3] = x.w;
            }
        } else {
#pragma unroll
            for (int q = 0; q < 4; q++)
#pragma unroll
                for (int i = 0; i < PER; i += V) {
                    const float *at_k = s + (k + q) * STRIDE + at(thread, i);
                    if constexpr (V == 4) {
                        float4 x = *(const float4 *)at_k;
                        part[i][q] = x.x, part[i + 1][q] = x.y, part[i + 2][q] = x.z, part[i + 3][q] = x.w;
                    } else {
                        float2 x = *(const float2 *)at_k;
                        part[i][q] = x.x, part[i + 1][q] = x.y;
                    }
                }
        }
    }
};
__device__ __forceinline__ bool aligned(const float *p, unsigned ld) {
    return ld % 4 == 0 && (size_t)p % 16 == 0;
}

// Calls `end(m, n, sum)` for every element of the block's tile, and `row_end(m, Σ a[m])` for its rows where
// `sums_rows`; m and n may lie beyond the matrix.
template <class C, class A, class B, class End, class RowEnd>
__device__ __forceinline__ void product(A a, B b, bool sums_rows, float *shared, End end, RowEnd row_end) {
    unsigned t = threadIdx.x, m0 = blockIdx.y * C::TM, n0 = blockIdx.x * C::TN, depth = a.depth;
    int split = t / C::EACH, tx = t % C::EACH % C::WIDE, ty = t % C::EACH / C::WIDE;
    a.shared = shared, b.shared = shared + C::STAGES * A::FLOATS;
    float sum[C::MM][C::NN] = {}, row_sum[C::MM] = {};
    unsigned steps = (depth + C::TK - 1) / C::TK;
    auto ask = [&](unsigned step) {
        if (step < steps) {
            a.template ask<C::THREADS>(step % C::STAGES, m0, step * C::TK, t);
            b.template ask<C::THREADS>(step % C::STAGES, n0, step * C::TK, t);
        }
        close_copies();
    };
    for (int s = 0; s < C::STAGES - 1; s++) ask(s);
    for (unsigned step = 0; step < steps; step++) {
        await_copies<C::STAGES - 2>();
        __syncthreads();
        ask(step + C::STAGES - 1);
        constexpr int DEEP = C::TK / C::SPLIT;
#pragma unroll
        for (int k = 0; k < DEEP; k += 4) {
            float pa[C::MM][4], pb[C::NN][4];
            a.read(step % C::STAGES, ty, split * DEEP + k, pa);
            b.read(step % C::STAGES, tx, split * DEEP + k, pb);
#pragma unroll
            for (int q = 0; q < 4; q++)
#pragma unroll
                for (int i = 0; i < C::MM; i++)
#pragma unroll
                    for (int j = 0; j < C::NN; j++) sum[i][j] = fmaf(pa[i][q], pb[j][q], sum[i][j]);
            if (sums_rows) {
#pragma unroll
                for (int i = 0; i < C::MM; i++) row_sum[i] += pa[i][0] + pa[i][1] + pa[i][2] + pa[i][3];
            }
        }
    }
    if constexpr (C::SPLIT == 1) {
#pragma unroll
        for (int i = 0; i < C::MM; i++) {
#pragma unroll
            for (int j = 0; j < C::NN; j++) end(m0 + A::at(ty, i), n0 + B::at(tx, j), sum[i][j]);
            if (sums_rows && tx == 0) row_end(m0 + A::at(ty, i), row_sum[i]);
        }
        return;
    }
    __syncthreads();
    constexpr int SIZE = C::TM * C::TN;
    float *row_sums = shared + C::SPLIT * SIZE;
#pragma unroll
    for (int i = 0; i < C::MM; i++) {
#pragma unroll
        for (int j = 0; j < C::NN; j++) shared[split * SIZE + A::at(ty, i) * C::TN + B::at(tx, j)] = sum[i][j];
        if (sums_rows && tx == 0) row_sums[split * C::TM + A::at(ty, i)] = row_sum[i];
    }
    __syncthreads();
    for (int o = t; o < SIZE; o += C::THREADS) {
        float total = shared[o];
#pragma unroll
        for (int s = 1; s < C::SPLIT; s++) total += shared[s * SIZE + o];
        end(m0 + o / C::TN, n0 + o % C::TN, total);
    }
    if (sums_rows && t < C::TM) {
        float total = row_sums[t];
        for (int s = 1; s < C::SPLIT; s++) total += row_sums[s * C::TM + t];
        row_end(m0 + t, total);
    }
}

// Floats of shared memory: the tiles, and later the sums of those that share them.
template <class C, class A, class B>
constexpr int TILES = C::STAGES * (A::FLOATS + B::FLOATS);
template <class C> constexpr int SUMS = C::SPLIT == 1 ? 0 : C::SPLIT * C::TM * (C::TN + 1);
template <class C, class A, class B>
constexpr int ROOM = TILES<C, A, B> > SUMS<C> ? TILES<C, A, B> : SUMS<C>;

template <class C> __device__ __forceinline__ void forward(const Dense &a) {
    using A = Side<C::TM, C::TK, C::MM, true>;
    using B = Side<C::TN, C::TK, C::NN, false>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    if (blockIdx.y * C::TM >= a.rows || blockIdx.x * C::TN >= a.ld) return;
    A weight = {a.weight, a.cols, a.rows, a.cols, aligned(a.weight, a.cols), nullptr};
    B x = {a.x, a.ld, a.ld, a.cols, true, nullptr};
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m >= a.rows || n >= a.ld) return;
        a.to[(size_t)m * a.ld + n] = activate(a.activation, sum + (a.bias ? a.bias[m] : 0.0f));
    };
    product<C>(weight, x, false, (float *)shared, end, [](unsigned, float) {});
}

template <class C> __device__ __forceinline__ void backward(const Dense &a) {
    using A = Side<C::TM, C::TK, C::MM, false>;
    using B = Side<C::TN, C::TK, C::NN, false>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    if (blockIdx.y * C::TM >= a.cols || blockIdx.x * C::TN >= a.ld) return;
    A weight = {a.weight, a.cols, a.cols, a.rows, aligned(a.weight, a.cols), nullptr};
    B dy = {a.x, a.ld, a.ld, a.rows, true, nullptr};
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m >= a.cols || n >= a.ld) return;
        size_t at = (size_t)m * a.ld + n;
        a.to[at] = a.y ? chain(a.activation, a.y[at], sum) : sum;
    };
    product<C>(weight, dy, false, (float *)shared, end, [](unsigned, float) {});
}

template <class C> __device__ __forceinline__ void grad(const DenseGrad &a) {
    using A = Side<C::TM, C::TK, C::MM, true>;
    using B = Side<C::TN, C::TK, C::NN, true>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    if (blockIdx.y * C::TM >= a.rows || blockIdx.x * C::TN >= a.cols) return;
    A dy = {a.dy, a.ld, a.rows, a.ld, true, nullptr};
    B x = {a.x, a.ld, a.cols, a.ld, true, nullptr};
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m < a.rows && n < a.cols) a.dw[(size_t)m * a.cols + n] = sum;
    };
    auto row_end = [&](unsigned m, float sum) {
        if (m < a.rows) a.db[m] = sum;
    };
    product<C>(dy, x, a.db && blockIdx.x == 0, (float *)shared, end, row_end);
}

#ifndef SMALL
#define SMALL 32, 16, 64, 4, 2, 4, 3
#define LARGE 128, 128, 16, 8, 8, 1, 2
#endif
using Small = Cut<SMALL>;
using Large = Cut<LARGE>;

// `to (rows, ld) = act(weight (rows, cols) · x (cols, ld) + bias)`; bias may be null.
// grid (ld / 16, ⌈rows / 32⌉, z), block (256), no dynamic shared memory.
KERNEL(dense_forward, Dense, Small::THREADS) { forward<Small>(each.of[blockIdx.z]); }

// `to (cols, ld) = (weightᵀ · x (rows, ld)) · act'(y (cols, ld))`; without the slope where y is null.
// grid (ld / 16, ⌈cols / 32⌉, z), block (256), no dynamic shared memory.
KERNEL(dense_backward, Dense, Small::THREADS) { backward<Small>(each.of[blockIdx.z]); }

// `dw (rows, cols) = dy (rows, ld) · xᵀ (ld, cols)`, and `db (rows)` the sums of dy unless it is null.
// grid (⌈cols / 16⌉, ⌈rows / 32⌉, z), block (256), no dynamic shared memory.
KERNEL(dense_grad, DenseGrad, Small::THREADS) { grad<Small>(each.of[blockIdx.z]); }

// The same for large matrices, with tiles of 128 × 128:
// grid (⌈ld / 128⌉, ⌈rows / 128⌉, z), of `_backward` (⌈ld / 128⌉, ⌈cols / 128⌉, z), of `_grad`
// (⌈cols / 128⌉, ⌈rows / 128⌉, z); block (256), no dynamic shared memory.
KERNEL(dense_forward_large, Dense, Large::THREADS) { forward<Large>(each.of[blockIdx.z]); }
KERNEL(dense_backward_large, Dense, Large::THREADS) { backward<Large>(each.of[blockIdx.z]); }
KERNEL(dense_grad_large, DenseGrad, Large::THREADS) { grad<Large>(each.of[blockIdx.z]); }
