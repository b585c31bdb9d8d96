// Layer normalisation over the features of each sample, see kernels/norm.rs. A warp has 32 samples side by
// side, so that what it loads of a feature is one line; the warps of a block share the features.
#include "common.h"

// Warps of a block that has all features of 32 samples.
constexpr unsigned NORM_WARPS = 16;

// Each thread gets the sum over all warps of what its lane has in them, in their order.
__device__ __forceinline__ float over_warps(float (*sums)[32], float mine) {
    sums[threadIdx.y][threadIdx.x] = mine;
    __syncthreads();
    float sum = 0.0f;
    for (unsigned warp = 0; warp < NORM_WARPS; warp++) sum += sums[warp][threadIdx.x];
    __syncthreads();
    return sum;
}

// `to = γ ⊙ x̂ + β`, and `moments (2, ld)`: the mean of each sample, and `1 / √(var + ε)`.
// grid (ld / 32, 1, z), block (32, 16), no dynamic shared memory.
KERNEL(norm_forward, Norm, 32 * NORM_WARPS) {
    const Norm &a = each.of[blockIdx.z];
    SHARED(float, sums, [NORM_WARPS][32]);
    unsigned n = blockIdx.x * 32 + threadIdx.x;
    if (n >= a.ld) return;
    float sum = 0.0f, squares = 0.0f;
    for (unsigned f = threadIdx.y; f < a.rows; f += NORM_WARPS) sum += slot_at(a.x, (size_t)f * a.ld + n, a.stored);
    float mean = over_warps(sums, sum) / (float)a.rows;
    for (unsigned f = threadIdx.y; f < a.rows; f += NORM_WARPS) {
        float apart = slot_at(a.x, (size_t)f * a.ld + n, a.stored) - mean;
        squares += apart * apart;
    }
    float rate = 1.0f / sqrtf(over_warps(sums, squares) / (float)a.rows + 1e-6f);
    if (threadIdx.y == 0) a.moments[n] = mean, a.moments[a.ld + n] = rate;
    for (unsigned f = threadIdx.y; f < a.rows; f += NORM_WARPS) {
        float normed = (slot_at(a.x, (size_t)f * a.ld + n, a.stored) - mean) * rate;
        float y = a.params[f] * normed + a.params[a.rows + f];
        put_slot(a.to, (size_t)f * a.ld + n, a.to_stored, y);
    }
}

// `to = (γ dy − mean(γ dy) − x̂ · mean(γ dy ⊙ x̂)) / √(var + ε)` by what `norm_forward` left. Launched as it.
KERNEL(norm_backward, Norm, 32 * NORM_WARPS) {
    const Norm &a = each.of[blockIdx.z];
    SHARED(float, sums, [NORM_WARPS][32]);
    unsigned n = blockIdx.x * 32 + threadIdx.x;
    if (n >= a.ld) return;
    float mean = a.moments[n], rate = a.moments[a.ld + n], plain = 0.0f, along = 0.0f;
    for (unsigned f = threadIdx.y; f < a.rows; f += NORM_WARPS) {
        size_t at = (size_t)f * a.ld + n;
        float dy = a.params[f] * slot_at(a.dy, at, a.stored);
        plain += dy, along += dy * ((slot_at(a.x, at, a.stored) - mean) * rate);
    }
    plain = over_warps(sums, plain) / (float)a.rows;
    along = over_warps(sums, along) / (float)a.rows;
    for (unsigned f = threadIdx.y; f < a.rows; f += NORM_WARPS) {
        size_t at = (size_t)f * a.ld + n;
        float normed = (slot_at(a.x, at, a.stored) - mean) * rate;
        float dy = a.params[f] * slot_at(a.dy, at, a.stored);
        put_slot(a.to, at, a.to_stored, (dy - plain - normed * along) * rate);
    }
}

// `to`: `dγ (rows) = Σ dy ⊙ x̂`, then `dβ (rows) = Σ dy`, a feature a warp.
// grid (⌈rows / 8⌉, 1, z), block (32, 8), no dynamic shared memory.
KERNEL(norm_grad, Norm, 256) {
    const Norm &a = each.of[blockIdx.z];
    unsigned f = blockIdx.x * 8 + threadIdx.y;
    if (f >= a.rows) return;
    float along = 0.0f, plain = 0.0f;
    for (unsigned n = threadIdx.x; n < a.ld; n += 32) {
        size_t at = (size_t)f * a.ld + n;
        float dy = slot_at(a.dy, at, a.stored);
        plain += dy, along += dy * ((slot_at(a.x, at, a.stored) - a.moments[n]) * a.moments[a.ld + n]);
    }
    along = warp_sum(along), plain = warp_sum(plain);
    float *to = (float *)a.to;
    if (threadIdx.x == 0) to[f] = along, to[a.rows + f] = plain;
}
