// The tanh-normal policy of SAC (tanh_normal.rs): actions from the head, and the way back. A warp has 32
// samples, and the warps of a block share the numbers of an action.
#include "losses.h"

// Warps of a block.
constexpr unsigned WARPS = 8;

// tanh u, by t = e^(−2 |u|).
__device__ __forceinline__ float squashed(float u, float t) { return copysignf((1.0f - t) / (1.0f + t), u); }

// Actions `(act_dim · copies, ld)` and log-probabilities `(ld)` of the head; zeros beyond the batch.
// grid (ld / 32, 1, z), block (32, 8), no dynamic shared memory.
KERNEL(draw, Draw, 32 * WARPS) {
    const Draw &a = each.of[blockIdx.z];
    SHARED(float, logs, [WARPS][32]);
    SHARED(double, products, [WARPS][32]);
    unsigned n = blockIdx.x * 32 + threadIdx.x;
    // A whole block.
    if (blockIdx.x * 32 >= a.ld) return;
    bool in = n < a.batch;
    float log_prob = 0.0f;
    // At most 2 an action: the logarithm of the product is that of all of them at once.
    double product = 1.0;
    for (unsigned j = threadIdx.y; j < a.act_dim; j += WARPS) {
        float action = 0.0f;
        if (in) {
            float mean = a.head[j * a.ld + n], log_std = a.head[(a.act_dim + j) * a.ld + n];
            log_std = clamp(log_std, a.log_std_min, a.log_std_max);
            float noise = a.noise[n * a.act_dim + j], u = mean + expf(log_std) * noise;
            float t = expf(-2.0f * fabsf(u));
            action = squashed(u, t);
            log_prob += 2.0f * fabsf(u) - 1.3862944f - 0.5f * noise * noise;
            log_prob -= log_std + HALF_LOG_TAU;
            product *= (double)(1.0f + t);
        }
        for (unsigned c = 0; c < a.copies; c++)
            put_slot(a.action, (j * a.copies + c) * a.ld + n, a.stored, action);
    }
    logs[threadIdx.y][threadIdx.x] = log_prob;
    products[threadIdx.y][threadIdx.x] = product;
    __syncthreads();
    if (threadIdx.y != 0) return;
    for (unsigned w = 1; w < WARPS; w++) {
        log_prob += logs[w][threadIdx.x];
        product *= products[w][threadIdx.x];
    }
    a.log_prob[n] = in ? log_prob + 2.0f * (float)log(product) : 0.0f;
}

// How the actor's loss changes with the head `(2 · act_dim, ld)`.
// grid (ld / 32, 1, z), block (32, 8), no dynamic shared memory.
KERNEL(draw_grad, DrawGrad, 32 * WARPS) {
    const DrawGrad &a = each.of[blockIdx.z];
    unsigned n = blockIdx.x * 32 + threadIdx.x;
    if (n >= a.ld) return;
    bool in = n < a.batch;
    for (unsigned j = threadIdx.y; j < a.act_dim; j += WARPS) {
        float by_mean = 0.0f, by_log_std = 0.0f;
        if (in) {
            float by_action = 0.0f, by_log_prob = a.by_log_prob[0];
            for (unsigned c = 0; c < a.copies; c++) {
                unsigned at = (j * a.copies + c) * a.ld + n;
                by_action += slot_at(a.dx[0], at, a.stored) + slot_at(a.dx[1], at, a.stored);
            }
            // The action anew: what critics read of it may be rounded, which 1 − action² would not survive.
            float mean = a.head[j * a.ld + n], log_std = a.head[(a.act_dim + j) * a.ld + n];
            float u = mean + expf(clamp(log_std, a.log_std_min, a.log_std_max)) * a.noise[n * a.act_dim + j];
            float action = squashed(u, expf(-2.0f * fabsf(u)));
            by_mean = by_action * (1.0f - action * action) + by_log_prob * 2.0f * action;
            if (a.log_std_min <= log_std && log_std <= a.log_std_max)
                by_log_std = by_mean * expf(log_std) * a.noise[n * a.act_dim + j] - by_log_prob;
        }
        put_slot(a.dhead, j * a.ld + n, a.stored, by_mean);
        put_slot(a.dhead, (a.act_dim + j) * a.ld + n, a.stored, by_log_std);
    }
}
