// The step of an optimiser in two launches, and a target that follows.
#include "common.h"

// `partial[b]`: block b's share of `Σ (g + l2 w)²`.
// grid (min(⌈n / 256⌉, 128), 1, z), block (256), no dynamic shared memory.
KERNEL(squares, Squares, 256) {
    const Squares &a = each.of[blockIdx.z];
    SHARED(double, sums, [8]);
    if (blockIdx.x * 256 >= a.n) return;
    double sum = 0.0;
    unsigned p = 0;
    for (unsigned i = blockIdx.x * 256 + threadIdx.x; i < a.n; i += gridDim.x * 256) {
        while (i >= a.parts[p].end) p++;
        float g = a.g[i] + a.parts[p].l2 * a.w[i];
        sum += (double)(g * g);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 1; i < 8; i++) sum += sums[i];
        a.partial[blockIdx.x] = sum;
    }
}

// One step along the gradient, clipped to `max_norm`; see optim/rule.rs. Nothing changes where the norm is not
// finite. `blocks` is the grid of `squares`, at most 128.
// grid (min(⌈n / 256⌉, 1056), 1, z), block (256), no dynamic shared memory.
KERNEL(step, Step, 256) {
    const Step &a = each.of[blockIdx.z];
    double sum = 0.0;
    // Each warp for itself: a barrier would take longer.
    for (unsigned b = threadIdx.x % 32; b < a.blocks; b += 32) sum += a.partial[b];
    float norm = (float)sqrt(warp_sum(sum));
    if (blockIdx.x == 0 && threadIdx.x == 0) a.norm[0] = norm;
    if (!(norm <= 3.4028235e38f)) return;
    float scale = 1.0f, rate = a.rate[0];
    if (a.max_norm > 0.0f && norm > a.max_norm) scale = (float)((double)a.max_norm / (double)norm);
    unsigned p = 0;
    for (unsigned i = blockIdx.x * 256 + threadIdx.x; i < a.n; i += gridDim.x * 256) {
        while (i >= a.parts[p].end) p++;
        float l2 = a.parts[p].l2, keep = a.parts[p].keep, w = a.w[i];
        float g = (a.g[i] + l2 * w) * scale;
        if (a.adam) {
            float m = a.beta1 * a.m[i] + (1.0f - a.beta1) * g;
            float v = a.beta2 * a.v[i] + (1.0f - a.beta2) * g * g;
            a.m[i] = m, a.v[i] = v;
            a.w[i] = keep * w - rate * m / (sqrtf(v) + a.eps);
        } else {
            float m = a.beta1 * a.m[i] + g;
            a.m[i] = m;
            a.w[i] = keep * w - rate * m;
        }
    }
}

// `target ← (1 − τ) target + τ online`.
// grid (min(⌈n / 256⌉, 1056), 1, z), block (256), no dynamic shared memory.
KERNEL(lerp, Lerp, 256) {
    const Lerp &a = each.of[blockIdx.z];
    for (unsigned i = blockIdx.x * 256 + threadIdx.x; i < a.n; i += gridDim.x * 256)
        a.target[i] = (1.0f - a.tau) * a.target[i] + a.tau * a.online[i];
}
