// What stands between the layers of a network of images: pixels in, pooling, sums, slopes.
#include "planes.h"

// `rows (batch, features)` of bytes or of floats, over `divisor`, to the slots of a plane; lanes beyond the
// batch become 0.
template <class T> __device__ __forceinline__ void images_in(const Images &a) {
    SHARED(T, tile, [32][129]);
    unsigned features = a.plane.channels * a.plane.height * a.plane.width;
    unsigned f0 = blockIdx.x * 128, n0 = blockIdx.y * 32, lane = threadIdx.x;
    if (f0 >= features || n0 >= a.ld) return;
    const T *rows = (const T *)a.rows;
    for (unsigned i = threadIdx.y; i < 32; i += 8)
        for (unsigned f = lane; f < 128; f += 32) {
            bool there = n0 + i < a.batch && f0 + f < features;
            tile[i][f] = there ? rows[(size_t)(n0 + i) * features + f0 + f] : (T)0;
        }
    __syncthreads();
    for (unsigned i = threadIdx.y; i < 128 && f0 + i < features; i += 8)
        put_slot(a.slots, (size_t)a.plane.slot(f0 + i) * a.ld + n0 + lane, a.stored,
                 (float)tile[lane][i] / a.divisor);
}

// grid (⌈features / 128⌉, ld / 32, z), block (32, 8), no dynamic shared memory.
KERNEL(bytes_in, Images, 256) { images_in<unsigned char>(each.of[blockIdx.z]); }
KERNEL(floats_in, Images, 256) { images_in<float>(each.of[blockIdx.z]); }

// A slot of f32 where T is, else as `stored` says.
template <class T> __device__ __forceinline__ float slot_of(const void *slots, size_t at, unsigned stored) {
    return FOURS<T> == 1 ? ((const float *)slots)[at] : slot_at(slots, at, stored);
}

// The window of an output pixel: rows and columns of the input.
struct Window {
    unsigned y0, y1, x0, x1;
};
__device__ __forceinline__ Window window(const Pool &a, unsigned oy, unsigned ox) {
    unsigned y = oy * a.stride, x = ox * a.stride;
    return {y < a.top ? 0 : y - a.top, min(y + a.kernel_y - a.top, a.x_plane.height),
            x < a.left ? 0 : x - a.left, min(x + a.kernel_x - a.left, a.x_plane.width)};
}

// `to = max x` over each window; a NaN is the largest.
// grid (⌈outputs / 8⌉, ld / 32, z), block (32, 8), no dynamic shared memory.
KERNEL(pool_forward, Pool, 256) {
    const Pool &a = each.of[blockIdx.z];
    const Plane &plane = a.to_plane;
    unsigned o = blockIdx.x * 8 + threadIdx.y, n = blockIdx.y * 32 + threadIdx.x;
    if (o >= plane.channels * plane.height * plane.width || n >= a.ld) return;
    unsigned c = o / (plane.width * plane.height);
    Window w = window(a, o / plane.width % plane.height, o % plane.width);
    float most = -INFINITY;
    for (unsigned y = w.y0; y < w.y1; y++)
        for (unsigned x = w.x0; x < w.x1; x++) {
            unsigned slot = c * a.x_plane.channel + a.x_plane.origin + y * a.x_plane.row + x;
            float v = slot_at(a.x, (size_t)slot * a.ld + n, a.stored);
            most = v > most || v != v ? v : most;
        }
    put_slot(a.to, (size_t)plane.slot(o) * a.ld + n, a.y_stored, most);
}

// `to`, the gradient of x: each `dy` goes to the first pixel of its window that is `y`. A thread has an input
// pixel and asks the windows that cover it, in their order, whether it is that pixel.
// grid (⌈inputs / 8⌉, ld / 32, z), block (32, 8), no dynamic shared memory.
template <class T> __device__ __forceinline__ void pooled_grad(const Pool &a) {
    const Plane &plane = a.x_plane;
    unsigned i = blockIdx.x * 8 + threadIdx.y, n = blockIdx.y * 32 + threadIdx.x;
    if (i >= plane.channels * plane.height * plane.width || n >= a.ld) return;
    unsigned c = i / (plane.width * plane.height), iy = i / plane.width % plane.height, ix = i % plane.width;
    auto of = [&](const void *data, unsigned stored, const Plane &p, unsigned y, unsigned x) {
        return slot_of<T>(data, (size_t)(c * p.channel + p.origin + y * p.row + x) * a.ld + n, stored);
    };
    // The first output whose window ends behind the pixel, and the one behind the last that begins before it.
    auto first = [&](unsigned at, unsigned kernel) { return at < kernel ? 0 : (at - kernel) / a.stride + 1; };
    unsigned y_end = min((iy + a.top) / a.stride + 1, a.y_plane.height);
    unsigned x_end = min((ix + a.left) / a.stride + 1, a.y_plane.width);
    float own = of(a.x, a.stored, plane, iy, ix), sum = 0.0f;
    for (unsigned oy = first(iy + a.top, a.kernel_y); oy < y_end; oy++)
        for (unsigned ox = first(ix + a.left, a.kernel_x); ox < x_end; ox++) {
            float y = of(a.y, a.y_stored, a.y_plane, oy, ox);
            if (own != y) continue;
            Window w = window(a, oy, ox);
            bool earlier = false;
            for (unsigned py = w.y0; py <= iy && !earlier; py++)
                for (unsigned px = w.x0; px < (py == iy ? ix : w.x1) && !earlier; px++)
                    earlier = of(a.x, a.stored, plane, py, px) == y;
            if (!earlier) sum += of(a.dy, a.stored, a.dy_plane, oy, ox);
        }
    size_t at = (size_t)(c * a.to_plane.channel + a.to_plane.origin + iy * a.to_plane.row + ix) * a.ld + n;
    put((T *)a.to, at, a.stored, sum);
}
KERNEL(pool_backward, Pool, 256) {
    const Pool &a = each.of[blockIdx.z];
    if (a.stored == F32) {
        pooled_grad<float>(a);
    } else {
        pooled_grad<bf16>(a);
    }
}

enum What : unsigned { COPY, ADD, ACTIVATE, CHAIN };

// Pixel by pixel between two planes of the same features: `to = from`, `to += from`, `to = act(from)`, or
// `to *= act'(from)`, by `what`.
// grid (⌈features / 8⌉, ld / 32, z), block (32, 8), no dynamic shared memory.
KERNEL(pixels, Pixels, 256) {
    const Pixels &a = each.of[blockIdx.z];
    unsigned f = blockIdx.x * 8 + threadIdx.y, n = blockIdx.y * 32 + threadIdx.x;
    if (f >= a.from_plane.channels * a.from_plane.height * a.from_plane.width || n >= a.ld) return;
    float x = slot_at(a.from, (size_t)a.from_plane.slot(f) * a.ld + n, a.from_stored);
    size_t at = (size_t)a.to_plane.slot(f) * a.ld + n;
    if (a.what == ADD) {
        x = slot_at(a.to, at, a.to_stored) + x;
    } else if (a.what == ACTIVATE) {
        x = activate(a.activation, x);
    } else if (a.what == CHAIN) {
        x = chain(a.activation, x, slot_at(a.to, at, a.to_stored));
    }
    put_slot(a.to, at, a.to_stored, x);
}
