// The step of an optimiser in two launches, and a target that follows.
#include "common.h"

// `partial[b]`: block b's share of `Σ (g + l2 w)²`.
// grid (min(⌈n / 2048⌉, 512), 1, z), block (256), no dynamic shared memory.
KERNEL(squares, Squares, 256) {
    const Squares &a = each.of[blockIdx.z];
    SHARED(double, sums, [8]);
    // Its own, whatever stands beside it in the launch: `step` adds up as many.
    unsigned blocks = min((a.n + 2047) / 2048, 512u);
    if (blockIdx.x >= blocks) return;
    double sum = 0.0;
    unsigned p = 0, apart = blocks * 256;
    for (unsigned first = blockIdx.x * 256 + threadIdx.x; first < a.n; first += 8 * apart) {
        // All loads are on their way before it is asked which part an element is in.
        float g[8], w[8];
#pragma unroll
        for (unsigned j = 0; j < 8; j++) {
            unsigned i = first + j * apart;
            g[j] = load_if(a.n, i, a.g + i), w[j] = load_if(a.n, i, a.w + i);
        }
#pragma unroll
        for (unsigned j = 0; j < 8; j++) {
            unsigned i = first + j * apart;
            if (i >= a.n) break;
            while (i >= a.parts[p].end) p++;
            float pulled = g[j] + a.parts[p].l2 * w[j];
            sum += (double)(pulled * pulled);
        }
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 1; i < 8; i++) sum += sums[i];
        a.partial[blockIdx.x] = sum;
    }
}

// What underflows, as in real.rs: the smallest normal number, and 2⁻⁹⁶.
#define SMALLEST 1.17549435e-38f
#define LEAST_WEIGHT 1.26217745e-29f
__device__ __forceinline__ float zero_below(float x, float least) { return fabsf(x) < least ? 0.0f : x; }

// One step along the gradient, clipped to `max_norm`; see optim/rule.rs. Nothing changes where the norm is
// not finite. `blocks` is the grid of `squares`.
// grid (min(⌈n / 256⌉, 1056), 1, z), block (256), no dynamic shared memory.
KERNEL(step, Step, 256) {
    const Step &a = each.of[blockIdx.z];
    double sum = 0.0;
    // Each warp for itself: a barrier would take longer. What the first element needs is on its way
    // meanwhile.
    for (unsigned b = threadIdx.x % 32; b < a.blocks; b += 32) sum += a.partial[b];
    unsigned i = blockIdx.x * 256 + threadIdx.x, p = 0;
    float w = load_if(a.n, i, a.w + i), g = load_if(a.n, i, a.g + i), m = load_if(a.n, i, a.m + i);
    float v = load_if(a.adam ? a.n : 0, i, a.v + i), scale = 1.0f, rate = a.rate[0];
    float norm = (float)sqrt(warp_sum(sum));
    if (blockIdx.x == 0 && threadIdx.x == 0) a.norm[0] = norm;
    if (!(norm <= 3.4028235e38f)) return;
    if (a.max_norm > 0.0f && norm > a.max_norm) scale = (float)((double)a.max_norm / (double)norm);
    while (i < a.n) {
        while (i >= a.parts[p].end) p++;
        g = (g + a.parts[p].l2 * w) * scale;
        float by;
        if (a.adam) {
            m = zero_below(a.beta1 * m + (1.0f - a.beta1) * g, SMALLEST);
            v = zero_below(a.beta2 * v + (1.0f - a.beta2) * g * g, SMALLEST);
            a.v[i] = v;
            by = rate * m / (sqrtf(v) + a.eps);
        } else {
            m = zero_below(a.beta1 * m + g, SMALLEST);
            by = rate * m;
        }
        a.m[i] = m;
        a.w[i] = zero_below(a.parts[p].keep * w - by, LEAST_WEIGHT);
        i += gridDim.x * 256;
        w = load_if(a.n, i, a.w + i), g = load_if(a.n, i, a.g + i), m = load_if(a.n, i, a.m + i);
        v = load_if(a.adam ? a.n : 0, i, a.v + i);
    }
}

// `target ← (1 − τ) target + τ online`.
// grid (min(⌈n / 256⌉, 1056), 1, z), block (256), no dynamic shared memory.
KERNEL(lerp, Lerp, 256) {
    const Lerp &a = each.of[blockIdx.z];
    for (unsigned i = blockIdx.x * 256 + threadIdx.x; i < a.n; i += gridDim.x * 256)
        a.target[i] = zero_below((1.0f - a.tau) * a.target[i] + a.tau * a.online[i], LEAST_WEIGHT);
}
