// Dense convolutions as products of matrices whose unrolled side is never made: a column of it is a pixel and
// a sample, 32 of which stand side by side in memory.
#include "planes.h"
#include "product.h"

// The weights of some taps, `size` rows of them.
template <int T, int TK, int PER> struct TapWeights : Side<float, T, TK, PER, true> {
    const float *from;
    Find weight;
    unsigned row, size, depth;
    bool in_line, wide;

    template <class S>
    __device__ __forceinline__ TapWeights(const ConvDense<S> &a)
        : from(a.weight), weight(a.taps, a.taps.weight), row(a.weight_row), size(a.rows), depth(a.depth) {
        const Steps &s = a.taps.weight;
        in_line = !s.origin && s.x == 1 && s.y == (int)a.taps.nx && s.c == (int)(a.taps.ny * a.taps.nx);
        wide = in_line && row % 4 == 0 && depth % 4 == 0 && (size_t)from % 16 == 0;
    }
    template <int THREADS>
    __device__ __forceinline__ void ask(int stage, unsigned first, unsigned k, unsigned t) const {
        auto where = [&](unsigned r, unsigned c) -> const float * {
            if (first + r >= size || k + c >= depth) return nullptr;
            return from + (size_t)(first + r) * row + (in_line ? (int)(k + c) : weight(k + c));
        };
        if (wide) {
            this->template ask16<THREADS>(stage, t, from, where);
        } else {
            this->template ask4<THREADS>(stage, t, from, where);
        }
    }
};

// What the taps meet at one position of a walk: taps by samples.
template <class S, int T, int TK, int PER> struct TapPixels : Side<S, T, TK, PER, false> {
    const S *from;
    Find slot;
    unsigned ld, base, n, depth;
    bool in;

    // A tile of columns lies in one position.
    __device__ __forceinline__ TapPixels(const ConvDense<S> &a, unsigned first)
        : from(a.x), slot(a.taps, a.taps.slot), ld(a.ld), depth(a.depth) {
        unsigned p = first / ld, py = p / a.walk.nx;
        base = a.walk.from.of(py, p % a.walk.nx), n = first % ld, in = py < a.walk.ny;
    }
    template <int THREADS>
    __device__ __forceinline__ void ask(int stage, unsigned, unsigned k, unsigned t) const {
        this->template ask16<THREADS>(stage, t, from, [&](unsigned r, unsigned c) -> const S * {
            if (!in || k + r >= depth) return nullptr;
            return from + (size_t)(base + slot(k + r)) * ld + n + c;
        });
    }
};

// Rows of slots at all positions of a walk, the pixels and samples the summed dimension: channels, or taps. A
// step of the sum lies in one position.
template <class S, int T, int TK, int PER, bool TAPS> struct PixelRows : Side<S, T, TK, PER, true> {
    const S *from;
    Find slot;
    Strides pixel;
    unsigned ny, nx, ld, size, depth;

    __device__ __forceinline__ PixelRows(const ConvGrad<S> &a)
        : from(TAPS ? a.x : a.dy), slot(a.taps, a.taps.slot), pixel(TAPS ? a.walk.from : a.walk.to),
          ny(a.walk.ny), nx(a.walk.nx), ld(a.ld), size(TAPS ? a.cols : a.rows), depth(ny * nx * ld) {}
    template <int THREADS>
    __device__ __forceinline__ void ask(int stage, unsigned first, unsigned k, unsigned t) const {
        unsigned p = k / ld, n = k % ld, base = pixel.of(p / nx, p % nx);
        this->template ask16<THREADS>(stage, t, from, [&](unsigned r, unsigned c) -> const S * {
            unsigned row = first + r;
            if (row >= size || k >= depth) return nullptr;
            return from + (size_t)(base + (TAPS ? slot(row) : row * pixel.row)) * ld + n + c;
        });
    }
};

#ifndef CONV
#define CONV 32, 32, 32, 8, 4, 8, 3
#endif
using Conv = Cut<CONV>;
static_assert(32 % Conv::TN == 0 && 32 % Conv::TK == 0, "32 samples stand side by side");

// `to = act(weight ∗ x + bias)`, or where `y` is given `(weightᵀ ∗ x) · act'(y)` of one phase of the stride;
// what stands where is in the taps and the walk. A column of the product is `position · ld + sample`.
// grid (⌈ny · nx · ld / 32⌉, ⌈rows / 32⌉, z), block (256), no dynamic shared memory.
template <class S> __device__ __forceinline__ void convolve(const ConvDense<S> &a) {
    using A = TapWeights<Conv::TM, Conv::TK, Conv::MM>;
    using B = TapPixels<S, Conv::TN, Conv::TK, Conv::NN>;
    SHARED(float4, shared, [ROOM<Conv, A, B> / 4]);
    Place place = {blockIdx.y * Conv::TM, blockIdx.x * Conv::TN, 0, (a.depth + Conv::TK - 1) / Conv::TK};
    if (place.m0 >= a.rows || place.n0 >= a.walk.ny * a.walk.nx * a.ld) return;
    unsigned p = place.n0 / a.ld, n0 = place.n0 % a.ld, py = p / a.walk.nx, px = p % a.walk.nx;
    auto end = [&](unsigned m, unsigned column, float sum) {
        if (m >= a.rows) return;
        unsigned n = n0 + column - place.n0;
        auto at = [&](const Strides &s) { return (size_t)(s.of(py, px) + m * s.row) * a.ld + n; };
        float value = sum + (a.bias ? a.bias[m] : 0.0f);
        value = a.y ? chain(a.activation, widened(a.y[at(a.walk.at)]), value) : activate(a.activation, value);
        put(a.to, at(a.walk.to), a.gives, value);
    };
    product<Conv>(A(a), B(a, place.n0), place, false, (float *)shared, end, [](unsigned, float) {});
}
KERNELS(conv_dense, ConvDense, Conv::THREADS, convolve<T>)

// One part of `parts` of the gradient: `partial[part] = (dw (rows, cols), db (rows))`, over its share of the
// positions and samples; db only where `sums_rows`. The taps say where the columns stand, `walk.to` where dy
// does.
// grid (⌈cols / 32⌉, ⌈rows / 32⌉ · parts, z), block (256), no dynamic shared memory.
template <class S> __device__ __forceinline__ void convolved_grad(const ConvGrad<S> &a) {
    using A = PixelRows<S, Conv::TM, Conv::TK, Conv::MM, false>;
    using B = PixelRows<S, Conv::TN, Conv::TK, Conv::NN, true>;
    SHARED(float4, shared, [ROOM<Conv, A, B> / 4]);
    unsigned tiles = (a.rows + Conv::TM - 1) / Conv::TM, part = blockIdx.y / tiles;
    unsigned steps = (a.walk.ny * a.walk.nx * a.ld + Conv::TK - 1) / Conv::TK;
    unsigned share = (steps + a.parts - 1) / a.parts;
    Place place = {blockIdx.y % tiles * Conv::TM, blockIdx.x * Conv::TN, min(part * share, steps),
                   min((part + 1) * share, steps)};
    if (part >= a.parts || place.n0 >= a.cols) return;
    float *dw = a.partial + (size_t)part * a.rows * (a.cols + 1), *db = dw + (size_t)a.rows * a.cols;
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m < a.rows && n < a.cols) dw[(size_t)m * a.cols + n] = sum;
    };
    auto row_end = [&](unsigned m, float sum) {
        if (m < a.rows) db[m] = sum;
    };
    product<Conv>(A(a), B(a), place, a.sums_rows && blockIdx.x == 0, (float *)shared, end, row_end);
}
KERNELS(conv_grad, ConvGrad, Conv::THREADS, convolved_grad<T>)

// `dw (size)`, and `db (rows)` unless it is null: the sums of the parts of `conv_grad`, in their order.
// grid (⌈(size + rows) / 256⌉, 1, z), block (256), no dynamic shared memory.
KERNEL(sum_parts, Parts, 256) {
    const Parts &a = each.of[blockIdx.z];
    unsigned i = blockIdx.x * 256 + threadIdx.x, all = a.size + a.rows;
    if (i >= (a.db ? all : a.size)) return;
    float sum = a.partial[i];
#pragma unroll 8
    for (unsigned part = 1; part < a.parts; part++) sum += a.partial[(size_t)part * all + i];
    *(i < a.size ? a.dw + i : a.db + (i - a.size)) = sum;
}
