// Images as slots: `channels × height × width` of them, perhaps within a border of zeros that nobody writes,
// so that a convolution does not ask where an image ends. See kernels/plane.rs, kernels/gather.rs and
// kernels/conv/.
#pragma once
#include "common.h"

// Slots from the first to a pixel: `origin + row · row + py · y + px · x`, `row` a channel of the matrix.
struct Strides {
    unsigned origin, y, x, row;

    __device__ __forceinline__ unsigned of(unsigned py, unsigned px) const {
        return origin + py * y + px * x;
    }
};
// The positions at which entries are applied, `ny · nx`: where they are read and written, and where the
// output of the layer below stands.
struct Walk {
    unsigned ny, nx;
    Strides from, to, at;
};
// Features `(channel, row, column)` as slots: `channel · channel + origin + y · row + x`.
struct Plane {
    unsigned channels, height, width, origin, row, channel;

    __device__ __forceinline__ unsigned slot(unsigned feature) const {
        unsigned x = feature % width, y = feature / width % height, c = feature / (width * height);
        return c * channel + origin + y * row + x;
    }
};

template <class T> struct ConvGather {
    Gather<T> all;
    Walk walk;
};
template <class T> struct ConvSample {
    Sample<T> all;
    Walk walk;
};
// Division by a number that many lanes divide by: exact while `of · by < 2³²`.
struct Divide {
    unsigned by, factor;

    __device__ __forceinline__ explicit Divide(unsigned by)
        : by(by), factor(by > 1 ? 0xffffffffu / by + 1 : 0) {}
    __device__ __forceinline__ unsigned operator()(unsigned of) const {
        return by > 1 ? __umulhi(of, factor) : of;
    }
};
// The taps of a dense convolution, `k = (c · ny + y) · nx + x`: which weight and which slot each has, `origin
// + c · c + y · y + x · x`. The steps of a way back are negative.
struct Steps {
    int origin, c, y, x;
};
struct Taps {
    unsigned ny, nx;
    Steps weight, slot;
};
// What finds a tap's weight or slot.
struct Find {
    Divide plane, row;
    Steps steps;

    __device__ __forceinline__ Find(const Taps &taps, Steps steps)
        : plane(taps.ny * taps.nx), row(taps.nx), steps(steps) {}
    __device__ __forceinline__ int operator()(unsigned k) const {
        unsigned c = plane(k), in = k - c * plane.by, y = row(in), x = in - y * row.by;
        return steps.origin + (int)c * steps.c + (int)y * steps.y + (int)x * steps.x;
    }
};
template <class T> struct ConvDense {
    const float *weight, *bias;
    const T *x, *y;
    T *to;
    unsigned rows, depth, weight_row, ld, activation, gives;
    Taps taps;
    Walk walk;
};
template <class T> struct ConvGrad {
    const T *dy, *x;
    float *partial;
    unsigned rows, cols, ld, parts, sums_rows, pad;
    Taps taps;
    Walk walk;
};
struct Parts {
    const float *partial;
    float *dw, *db;
    unsigned size, rows, parts, pad;
};
// Slots of these are stored as `stored` says, what a pool gives as `y_stored`.
struct Images {
    const void *rows;
    void *slots;
    unsigned batch, ld;
    Plane plane;
    float divisor;
    unsigned stored;
};
struct Pool {
    const void *x, *y, *dy;
    void *to;
    unsigned kernel_y, kernel_x, stride, top, left, ld;
    Plane x_plane, y_plane, dy_plane, to_plane;
    unsigned stored, y_stored;
};
struct Pixels {
    const void *from;
    void *to;
    Plane from_plane, to_plane;
    unsigned ld, what, activation, from_stored, to_stored, pad;
};
