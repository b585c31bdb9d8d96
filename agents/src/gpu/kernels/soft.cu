// SAC's losses (losses/soft.rs) and the step of its temperature (free_params.rs). One block has the batch.
#include "losses.h"

// Targets, the loss of both critics and its gradients. metrics: the sum of both losses, the mean of the first
// critic.
// grid (1, 1, z), block (256), no dynamic shared memory.
KERNEL(soft_critic, SoftCritic, THREADS) {
    const SoftCritic &a = each.of[blockIdx.z];
    SHARED(double, shared, [THREADS / 32]);
    float alpha = (float)exp(a.log_alpha[0]), share = 1.0f / (float)a.batch;
    double squares[2] = {0.0, 0.0}, sum = 0.0;
    for (unsigned n = threadIdx.x; n < a.ld; n += THREADS) {
        if (n >= a.batch) {
            for (int i = 0; i < 2; i++) put_slot(a.dq[i], n, a.stored, 0.0f);
            continue;
        }
        float first = a.q_next[0][n], second = a.q_next[1][n];
        float soft = fminf(first, second) - alpha * a.log_prob[n];
        float y = a.reward_scale * a.reward[n] + a.discount[n] * soft;
        for (int i = 0; i < 2; i++) {
            float error = a.q[i][n] - y;
            squares[i] += (double)(error * error);
            put_slot(a.dq[i], n, a.stored, error * share);
        }
        sum += (double)a.q[0][n];
    }
    double first = block_sum(squares[0], shared), second = block_sum(squares[1], shared);
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) {
        a.metrics[0] = (double)((float)(0.5 * first / a.batch) + (float)(0.5 * second / a.batch));
        a.metrics[1] = sum / a.batch;
    }
}

// The loss of the actor and its gradients, then a step of log α, which `log_alpha` has with its two moments.
// metrics: the loss, the mean of the log-probabilities.
// grid (1, 1, z), block (256), no dynamic shared memory.
KERNEL(soft_actor, SoftActor, THREADS) {
    const SoftActor &a = each.of[blockIdx.z];
    SHARED(double, shared, [THREADS / 32]);
    float alpha = (float)exp(a.log_alpha[0]), share = 1.0f / (float)a.batch;
    double loss = 0.0, sum = 0.0;
    for (unsigned n = threadIdx.x; n < a.ld; n += THREADS) {
        if (n >= a.batch) {
            for (int i = 0; i < 2; i++) put_slot(a.dq[i], n, a.stored, 0.0f);
            continue;
        }
        float first = a.q[0][n], second = a.q[1][n], log_prob = a.log_prob[n];
        loss += (double)(alpha * log_prob - fminf(first, second));
        sum += (double)log_prob;
        // Where they agree, each has half.
        float by_first = first < second ? -share : first == second ? -0.5f * share : 0.0f;
        float by_second = second < first ? -share : first == second ? -0.5f * share : 0.0f;
        put_slot(a.dq[0], n, a.stored, by_first);
        put_slot(a.dq[1], n, a.stored, by_second);
    }
    loss = block_sum(loss, shared);
    sum = block_sum(sum, shared);
    if (threadIdx.x != 0) return;
    double mean = sum / a.batch;
    a.metrics[0] = (double)(float)(loss / a.batch);
    a.metrics[1] = mean;
    a.by_log_prob[0] = share * alpha;
    if (!a.learns) return;
    double g = -(mean + (double)a.target_entropy);
    double m = (double)a.beta1 * a.log_alpha[1] + (1.0 - (double)a.beta1) * g;
    double v = (double)a.beta2 * a.log_alpha[2] + (1.0 - (double)a.beta2) * g * g;
    a.log_alpha[0] -= a.rate[0] * m / (sqrt(v) + (double)a.eps);
    a.log_alpha[1] = m;
    a.log_alpha[2] = v;
}
