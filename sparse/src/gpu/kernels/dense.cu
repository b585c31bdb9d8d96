// Products of dense matrices: a layer's forward, its way back, and the gradient of its weights.
#include "product.h"

template <class C> __device__ __forceinline__ Place place(unsigned depth) {
    return {blockIdx.y * C::TM, blockIdx.x * C::TN, 0, (depth + C::TK - 1) / C::TK};
}

template <class C, class T> __device__ __forceinline__ void forward(const Dense<T> &a) {
    using A = Matrix<float, C::TM, C::TK, C::MM, true>;
    using B = Matrix<T, C::TN, C::TK, C::NN, false>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    if (blockIdx.y * C::TM >= a.rows || blockIdx.x * C::TN >= a.ld) return;
    A weight(a.weight, a.cols, a.rows, a.cols);
    B x(a.x, a.ld, a.ld, a.cols);
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m >= a.rows || n >= a.ld) return;
        put(a.to, (size_t)m * a.ld + n, a.gives, activate(a.activation, sum + (a.bias ? a.bias[m] : 0.0f)));
    };
    product<C>(weight, x, place<C>(a.cols), false, (float *)shared, end, [](unsigned, float) {});
}

template <class C, class T> __device__ __forceinline__ void backward(const Dense<T> &a) {
    using A = Matrix<float, C::TM, C::TK, C::MM, false>;
    using B = Matrix<T, C::TN, C::TK, C::NN, false>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    if (blockIdx.y * C::TM >= a.cols || blockIdx.x * C::TN >= a.ld) return;
    A weight(a.weight, a.cols, a.cols, a.rows);
    B dy(a.x, a.ld, a.ld, a.rows);
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m >= a.cols || n >= a.ld) return;
        size_t at = (size_t)m * a.ld + n;
        put(a.to, at, a.gives, a.y ? chain(a.activation, widened(a.y[at]), sum) : sum);
    };
    product<C>(weight, dy, place<C>(a.rows), false, (float *)shared, end, [](unsigned, float) {});
}

// Part `part` of `parts` of a product's steps.
__device__ __forceinline__ Place part_of(Place all, unsigned part, unsigned parts) {
    unsigned share = (all.end_step + parts - 1) / parts;
    all.first_step = min(part * share, all.end_step), all.end_step = min((part + 1) * share, all.end_step);
    return all;
}

template <class C, class T> __device__ __forceinline__ void parts(const DenseParts<T> &t) {
    using A = Matrix<float, C::TM, C::TK, C::MM, true>;
    using B = Matrix<T, C::TN, C::TK, C::NN, false>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    const Dense<T> &a = t.all;
    unsigned tiles = (a.rows + C::TM - 1) / C::TM, part = blockIdx.y / tiles;
    if (part >= t.parts || blockIdx.x * C::TN >= a.ld) return;
    Place all = place<C>(a.cols);
    all.m0 = blockIdx.y % tiles * C::TM;
    float *to = t.partial + (size_t)part * a.rows * a.ld;
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m < a.rows && n < a.ld) to[(size_t)m * a.ld + n] = sum;
    };
    A weight(a.weight, a.cols, a.rows, a.cols);
    B x(a.x, a.ld, a.ld, a.cols);
    product<C>(weight, x, part_of(all, part, t.parts), false, (float *)shared, end, [](unsigned, float) {});
}

template <class T> __device__ __forceinline__ void finish_parts(const DenseParts<T> &t) {
    const Dense<T> &a = t.all;
    size_t all = (size_t)a.rows * a.ld, i = (size_t)blockIdx.x * 256 + threadIdx.x;
    if (i >= all) return;
    float sum = t.partial[i];
#pragma unroll 8
    for (unsigned part = 1; part < t.parts; part++) sum += t.partial[part * all + i];
    put(a.to, i, a.gives, activate(a.activation, sum + (a.bias ? a.bias[i / a.ld] : 0.0f)));
}

template <class C, class T> __device__ __forceinline__ void grad(const DenseGrad<T> &a) {
    using A = Matrix<T, C::TM, C::TK, C::MM, true>;
    using B = Matrix<T, C::TN, C::TK, C::NN, true>;
    SHARED(float4, shared, [ROOM<C, A, B> / 4]);
    if (blockIdx.y * C::TM >= a.rows || blockIdx.x * C::TN >= a.cols) return;
    A dy(a.dy, a.ld, a.rows, a.ld);
    B x(a.x, a.ld, a.cols, a.ld);
    auto end = [&](unsigned m, unsigned n, float sum) {
        if (m < a.rows && n < a.cols) a.dw[(size_t)m * a.cols + n] = sum;
    };
    auto row_end = [&](unsigned m, float sum) {
        if (m < a.rows) a.db[m] = sum;
    };
    bool sums_rows = a.db && blockIdx.x == 0;
    product<C>(dy, x, place<C>(a.ld), sums_rows, (float *)shared, end, row_end);
}

// What is read from shared memory decides, a register of a warp a clock: the more products a thread has, the
// fewer reads each needs. scripts/gpu/kernels.py --candidates tries others.
#ifndef SMALL
#define SMALL 32, 16, 64, 8, 4, 16, 3
#define MEDIUM 64, 32, 32, 8, 4, 4, 3
#define LARGE 128, 128, 16, 8, 8, 1, 2
#endif
using Small = Cut<SMALL>;
using Medium = Cut<MEDIUM>;
using Large = Cut<LARGE>;

// `to (rows, ld) = act(weight (rows, cols) · x (cols, ld) + bias)`; bias may be null.
// grid (ld / 16, ⌈rows / 32⌉, z), block (256), no dynamic shared memory.
KERNELS(dense_forward, Dense, Small::THREADS, forward<Small, T>)

// `to (cols, ld) = (weightᵀ · x (rows, ld)) · act'(y (cols, ld))`; without the slope where y is null.
// grid (ld / 16, ⌈cols / 32⌉, z), block (256), no dynamic shared memory.
KERNELS(dense_backward, Dense, Small::THREADS, backward<Small, T>)

// `dw (rows, cols) = dy (rows, ld) · xᵀ (ld, cols)`, and `db (rows)` the sums of dy unless it is null.
// grid (⌈cols / 16⌉, ⌈rows / 32⌉, z), block (256), no dynamic shared memory.
KERNELS(dense_grad, DenseGrad, Small::THREADS, grad<Small, T>)

// The first for few rows and samples but a long sum: `partial (parts, rows, ld)`, whose parts `dense_finish` adds
// in their order, with the bias and the activation.
// grid (ld / 16, ⌈rows / 32⌉ · parts, z), block (256), no dynamic shared memory.
KERNELS(dense_forward_parts, DenseParts, Small::THREADS, parts<Small, T>)

// grid (⌈rows · ld / 256⌉, 1, z), block (256), no dynamic shared memory.
KERNELS(dense_finish, DenseParts, 256, finish_parts<T>)

// The same with larger tiles, 64 × 32 and 128 × 128, for as many blocks of those as there are processors:
// grid (⌈ld / 32⌉, ⌈rows / 64⌉, z) or (⌈ld / 128⌉, ⌈rows / 128⌉, z), with cols for rows of `_backward` and
// cols for ld of `_grad`; block (256), no dynamic shared memory.
KERNELS(dense_forward_medium, Dense, Medium::THREADS, forward<Medium, T>)
KERNELS(dense_backward_medium, Dense, Medium::THREADS, backward<Medium, T>)
KERNELS(dense_grad_medium, DenseGrad, Medium::THREADS, grad<Medium, T>)
KERNELS(dense_forward_large, Dense, Large::THREADS, forward<Large, T>)
KERNELS(dense_backward_large, Dense, Large::THREADS, backward<Large, T>)
KERNELS(dense_grad_large, DenseGrad, Large::THREADS, grad<Large, T>)
