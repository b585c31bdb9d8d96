// A product of two matrices, whatever they are read from.
//
// A block has a tile of the product. Both sides pass through shared memory, TK of the summed dimension at a
// time, the next on its way while one is worked on. Within a step the warps may share the summed dimension,
// too: a layer of 256 has few tiles, and waits for memory rather than for arithmetic.
#pragma once
#include "common.h"

// How a product is cut: a thread has MM × NN of a tile TM × TN, and SPLIT threads share the sums of those.
template <int TM_, int TN_, int TK_, int MM_, int NN_, int SPLIT_, int STAGES_> struct Cut {
    static constexpr int TM = TM_, TN = TN_, TK = TK_, MM = MM_, NN = NN_, SPLIT = SPLIT_, STAGES = STAGES_;
    static constexpr int WIDE = TN / NN, EACH = TM / MM * WIDE, THREADS = EACH * SPLIT;
};

// A side of the product: `T` rows (or columns) of the tile by TK. KEEPS: the summed dimension is the one that
// is consecutive in memory; it stays so in shared memory, where four of it are read at once. Else `T` is. Its
// numbers are stored as E.
template <class E, int T, int TK, int PER, bool KEEPS> struct Side {
    static constexpr int EACH = COUNT<E>, STRIDE = KEEPS ? TK + EACH : T;
    static constexpr int ROWS = KEEPS ? T : TK, COLS = KEEPS ? TK : T, SIZE = ROWS * STRIDE;
    static constexpr int FLOATS = SIZE * sizeof(E) / 4, V = PER < 4 ? PER : 4, ACROSS = T / PER;

    E *shared;

    // Asks for a tile of which `where(r, c)` says where in memory 16 bytes of a row stand, or null for zeros.
    template <int THREADS, class Where>
    __device__ __forceinline__ void ask16(int stage, unsigned t, const E *any, Where where) const {
#pragma unroll
        for (unsigned i = t; i < ROWS * COLS / EACH; i += THREADS) {
            unsigned r = i / (COLS / EACH), c = i % (COLS / EACH) * EACH;
            const E *from = where(r, c);
            copy16(shared + stage * SIZE + r * STRIDE + c, from ? from : any, from);
        }
    }
    // The same, one by one, of what may begin anywhere.
    template <int THREADS, class Where>
    __device__ __forceinline__ void ask4(int stage, unsigned t, const E *any, Where where) const {
        static_assert(sizeof(E) == 4, "slots do not begin anywhere");
#pragma unroll 4
        for (unsigned i = t; i < ROWS * COLS; i += THREADS) {
            unsigned r = i / COLS, c = i % COLS;
            const E *from = where(r, c);
            copy4(shared + stage * SIZE + r * STRIDE + c, from ? from : any, from);
        }
    }
    // Which of the tile's rows is a thread's `i`-th.
    static __device__ __forceinline__ int at(int thread, int i) {
        return KEEPS ? thread + i * ACROSS : i / V * (ACROSS * V) + thread * V + i % V;
    }
    // A thread's rows at the steps k..k+4.
    __device__ __forceinline__ void read(int stage, int thread, int k, float part[PER][4]) const {
        const E *s = shared + stage * SIZE;
        if constexpr (KEEPS) {
#pragma unroll
            for (int i = 0; i < PER; i++) {
                float4 x = four_at(s + at(thread, i) * STRIDE + k);
                part[i][0] = x.x, part[i][1] = x.y, part[i][2] = x.z, part[i][3] = x.w;
            }
        } else {
#pragma unroll
            for (int q = 0; q < 4; q++)
#pragma unroll
                for (int i = 0; i < PER; i += V) {
                    const E *at_k = s + (k + q) * STRIDE + at(thread, i);
                    if constexpr (V == 4) {
                        float4 x = four_at(at_k);
                        part[i][q] = x.x, part[i + 1][q] = x.y, part[i + 2][q] = x.z, part[i + 3][q] = x.w;
                    } else {
                        float2 x = two_at(at_k);
                        part[i][q] = x.x, part[i + 1][q] = x.y;
                    }
                }
        }
    }
};

// A matrix in memory, `size` by `depth` of the summed dimension.
template <class E, int T, int TK, int PER, bool KEEPS> struct Matrix : Side<E, T, TK, PER, KEEPS> {
    const E *from;
    unsigned ld, size, depth;

    __device__ __forceinline__ Matrix(const E *from, unsigned ld, unsigned size, unsigned depth)
        : from(from), ld(ld), size(size), depth(depth) {}
    // Asks for the tile at `first` and step `k`.
    template <int THREADS>
    __device__ __forceinline__ void ask(int stage, unsigned first, unsigned k, unsigned t) const {
        unsigned row = KEEPS ? first : k, col = KEEPS ? k : first;
        unsigned rows = KEEPS ? size : depth, cols = KEEPS ? depth : size;
        auto where = [&](unsigned r, unsigned c) -> const E * {
            return row + r < rows && col + c < cols ? from + (size_t)(row + r) * ld + col + c : nullptr;
        };
        if constexpr (sizeof(E) < 4) {
            this->template ask16<THREADS>(stage, t, from, where);
        } else if (ld % 4 == 0 && (size_t)from % 16 == 0) {
            this->template ask16<THREADS>(stage, t, from, where);
        } else {
            this->template ask4<THREADS>(stage, t, from, where);
        }
    }
};

// Where a block works: its tile, and its steps of the summed dimension.
struct Place {
    unsigned m0, n0, first_step, end_step;
};

// Calls `end(m, n, sum)` for every element of the block's tile, and `row_end(m, Σ a[m])` for its rows where
// `sums_rows`; m and n may lie beyond the matrix.
template <class C, class A, class B, class End, class RowEnd>
__device__ __forceinline__ void product(A a, B b, Place at, bool sums_rows, float *shared, End end,
                                        RowEnd row_end) {
    unsigned t = threadIdx.x, m0 = at.m0, n0 = at.n0;
    int split = t / C::EACH, tx = t % C::EACH % C::WIDE, ty = t % C::EACH / C::WIDE;
    a.shared = (decltype(a.shared))shared, b.shared = (decltype(b.shared))(shared + C::STAGES * A::FLOATS);
    float sum[C::MM][C::NN] = {}, row_sum[C::MM] = {};
    unsigned steps = at.end_step - at.first_step;
    auto ask = [&](unsigned step) {
        if (step < steps) {
            unsigned k = (at.first_step + step) * C::TK;
            a.template ask<C::THREADS>(step % C::STAGES, m0, k, t);
            b.template ask<C::THREADS>(step % C::STAGES, n0, k, t);
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
    float *own = shared + split * SIZE, *row_sums = shared + C::SPLIT * SIZE;
#pragma unroll
    for (int i = 0; i < C::MM; i++) {
#pragma unroll
        for (int j = 0; j < C::NN; j++) own[A::at(ty, i) * C::TN + B::at(tx, j)] = sum[i][j];
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

