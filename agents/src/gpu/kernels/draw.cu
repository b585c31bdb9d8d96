// The tanh-normal policy of SAC (tanh_normal.rs): actions from the head, and the way back. A thread has a sample.
#include "losses.h"

// Actions `(act_dim · copies, ld)` and log-probabilities `(ld)` of the head; zeros beyond the batch.
// grid (⌈ld / 128⌉, 1, z), block (128), no dynamic shared memory.
KERNEL(draw, Draw, 128) {
    const Draw &a = each.of[blockIdx.z];
    unsigned n = blockIdx.x * 128 + threadIdx.x;
    if (n >= a.ld) return;
    bool in = n < a.batch;
    float log_prob = 0.0f;
    // At most 2 an action: the logarithm of the product is that of all of them at once.
    double product = 1.0;
    for (unsigned j = 0; j < a.act_dim; j++) {
        float action = 0.0f;
        if (in) {
            float mean = a.head[j * a.ld + n], log_std = a.head[(a.act_dim + j) * a.ld + n];
            log_std = fminf(fmaxf(log_std, a.log_std_min), a.log_std_max);
            float noise = a.noise[n * a.act_dim + j], u = mean + expf(log_std) * noise;
            float t = expf(-2.0f * fabsf(u));
            action = copysignf((1.0f - t) / (1.0f + t), u);
            log_prob += 2.0f * fabsf(u) - 1.3862944f - 0.5f * noise * noise;
            log_prob -= log_std + HALF_LOG_TAU;
            product *= (double)(1.0f + t);
        }
        for (unsigned c = 0; c < a.copies; c++) a.action[(j * a.copies + c) * a.ld + n] = action;
    }
    a.log_prob[n] = in ? log_prob + 2.0f * (float)log(product) : 0.0f;
}

// How the actor's loss changes with the head `(2 · act_dim, ld)`.
// grid (⌈ld / 128⌉, 1, z), block (128), no dynamic shared memory.
KERNEL(draw_grad, DrawGrad, 128) {
    const DrawGrad &a = each.of[blockIdx.z];
    unsigned n = blockIdx.x * 128 + threadIdx.x;
    if (n >= a.ld) return;
    bool in = n < a.batch;
    float by_log_prob = a.by_log_prob[0];
    for (unsigned j = 0; j < a.act_dim; j++) {
        float by_mean = 0.0f, by_log_std = 0.0f;
        if (in) {
            float by_action = 0.0f;
            for (unsigned c = 0; c < a.copies; c++) {
                unsigned at = (j * a.copies + c) * a.ld + n;
                by_action += a.dx[0][at] + a.dx[1][at];
            }
            float action = a.action[j * a.copies * a.ld + n], log_std = a.head[(a.act_dim + j) * a.ld + n];
            by_mean = by_action * (1.0f - action * action) + by_log_prob * 2.0f * action;
            if (a.log_std_min <= log_std && log_std <= a.log_std_max)
                by_log_std = by_mean * expf(log_std) * a.noise[n * a.act_dim + j] - by_log_prob;
        }
        a.dhead[j * a.ld + n] = by_mean;
        a.dhead[(a.act_dim + j) * a.ld + n] = by_log_std;
    }
}
