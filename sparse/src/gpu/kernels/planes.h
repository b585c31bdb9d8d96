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

struct ConvGather {
    Gather all;
    Walk walk;
};
struct ConvSample {
    Sample all;
    Walk walk;
};
// The taps of a dense convolution, `k = (c · ny + y) · nx + x`: which weight and which slot each has, `origin
// + c · c + y · y + x · x`. The steps of a way back are negative.
struct Steps {
    int origin, c, y, x;

    __device__ __forceinline__ int of(unsigned at_c, unsigned at_y, unsigned at_x) const {
        return origin + (int)at_c * c + (int)at_y * y + (int)at_x * x;
    }
};
struct Taps {
    unsigned ny, nx;
    Steps weight, slot;

    __device__ __forceinline__ int weight_of(unsigned k) const {
        return weight.of(k / (ny * nx), k / nx % ny, k % nx);
    }
    __device__ __forceinline__ int slot_of(unsigned k) const {
        return slot.of(k / (ny * nx), k / nx % ny, k % nx);
    }
};
struct ConvDense {
    const float *weight, *bias, *x, *y;
    float *to;
    unsigned rows, depth, weight_row, ld, activation, pad;
    Taps taps;
    Walk walk;
};
struct ConvGrad {
    const float *dy, *x;
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
struct Images {
    const void *rows;
    float *slots;
    unsigned batch, ld;
    Plane plane;
    float divisor;
    unsigned pad;
};
struct Pool {
    const float *x, *y, *dy;
    float *to;
    unsigned kernel_y, kernel_x, stride, top, left, ld;
    Plane x_plane, y_plane, dy_plane, to_plane;
};
struct Pixels {
    const float *from;
    float *to;
    Plane from_plane, to_plane;
    unsigned ld, what, activation, pad;
};
