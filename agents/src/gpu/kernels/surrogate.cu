// PPO's losses (losses/surrogate.rs) over its policies (policy.rs). One block has the minibatch.
#include "losses.h"

// σ of `b`, and ∂σ/∂b, by doubles as on the processor: they take long, so that each is made once.
__device__ __forceinline__ float softplus(double b) { return (float)(fmax(b, 0.0) + log1p(exp(-fabs(b)))); }
__device__ __forceinline__ float softplus_slope(double b) { return (float)(1.0 / (1.0 + exp(-b))); }

// log π(a) and the entropy of one sample, whose head is one a `ld`.
struct Chosen {
    float log_prob, entropy, log_sum;
};
// Of a Gaussian, whose σ stand in `dstd`.
__device__ __forceinline__ Chosen of_gaussian(const Surrogate &a, unsigned n) {
    Chosen c = {0.0f, 0.0f, 0.0f};
    for (unsigned j = 0; j < a.width; j++) {
        float std = (float)a.dstd[j], log_std = logf(std);
        float distance = (a.action[n * a.width + j] - tanh_of(a.head[j * a.ld + n])) / std;
        c.log_prob -= 0.5f * distance * distance + log_std + HALF_LOG_TAU;
        c.entropy += 0.5f + HALF_LOG_TAU + log_std;
    }
    return c;
}
__device__ __forceinline__ Chosen of_categorical(const Surrogate &a, unsigned n) {
    Chosen c = {0.0f, 0.0f, 0.0f};
    const float *head = a.head + n;
    float largest = head[0], sum = 0.0f;
    for (unsigned j = 1; j < a.width; j++) largest = fmaxf(largest, head[j * a.ld]);
    for (unsigned j = 0; j < a.width; j++) sum += expf(head[j * a.ld] - largest);
    c.log_sum = largest + logf(sum);
    for (unsigned j = 0; j < a.width; j++) {
        float z = head[j * a.ld];
        c.entropy += expf(z - c.log_sum) * (c.log_sum - z);
    }
    c.log_prob = head[(unsigned)a.action[n] * a.ld] - c.log_sum;
    return c;
}

// A warp's share of a Gaussian's gradients: those of number `j` of the action, in the head and in the spread.
// Row 0 of `dhead` has ∂L/∂ log π, as it is stored, until its own turn, and `dstd[j]` has σ.
__device__ __forceinline__ void gaussian_grad(const Surrogate &a, unsigned j, float by_entropy) {
    unsigned lane = threadIdx.x % 32;
    float std = (float)a.dstd[j], slope = softplus_slope(a.std_param[j]);
    double sum = 0.0;
    for (unsigned n = lane; n < a.batch; n += 32) {
        float by_log_prob = slot_at(a.dhead, n, a.stored), mean = tanh_of(a.head[j * a.ld + n]);
        float distance = (a.action[n * a.width + j] - mean) / std;
        float d = (distance * distance - 1.0f) / std * slope;
        sum += (double)(by_log_prob * d + by_entropy * (slope / std));
        float by_head = by_log_prob * (distance / std * (1.0f - mean * mean));
        put_slot(a.dhead, j * a.ld + n, a.stored, by_head);
    }
    sum = warp_sum(sum);
    if (lane == 0) a.dstd[j] = sum;
}

// The actor's loss, its gradient in the head `(width, ld)` and in the spread `(width)`. metrics: the loss,
// the divergence, the fraction that is clipped, the entropy.
// grid (1, 1, z), block (256), no dynamic shared memory.
KERNEL(surrogate, Surrogate, THREADS) {
    const Surrogate &a = each.of[blockIdx.z];
    SHARED(double, shared, [THREADS / 32]);
    if (a.gaussian)
        for (unsigned j = threadIdx.x; j < a.width; j += THREADS) a.dstd[j] = (double)softplus(a.std_param[j]);
    __syncthreads();
    float share = 1.0f / (float)a.batch, by_entropy = -a.entropy_coef * share;
    double loss = 0.0, kl = 0.0, clipped = 0.0, entropy = 0.0;
    for (unsigned n = threadIdx.x; n < a.ld; n += THREADS) {
        if (n >= a.batch) {
            for (unsigned j = 0; j < a.width; j++) put_slot(a.dhead, j * a.ld + n, a.stored, 0.0f);
            continue;
        }
        Chosen c = a.gaussian ? of_gaussian(a, n) : of_categorical(a, n);
        float log_ratio = c.log_prob - a.log_prob[n], ratio = expf(log_ratio), advantage = a.advantage[n];
        float free = ratio * advantage, bound = clamp(ratio, 1.0f - a.clip, 1.0f + a.clip) * advantage;
        loss -= (double)(fminf(free, bound) + a.entropy_coef * c.entropy);
        kl += (double)(ratio - 1.0f - log_ratio);
        clipped += fabsf(ratio - 1.0f) > a.clip ? 1.0 : 0.0;
        entropy += (double)c.entropy;
        // Beyond the clip a better advantage brings nothing more.
        float by_log_prob = free <= bound ? -free * share : 0.0f;
        if (a.gaussian) {
            put_slot(a.dhead, n, a.stored, by_log_prob);
            continue;
        }
        for (unsigned j = 0; j < a.width; j++) {
            float log_p = a.head[j * a.ld + n] - c.log_sum, p = expf(log_p);
            float d = (j == (unsigned)a.action[n] ? 1.0f : 0.0f) - p;
            float by_logit = by_log_prob * d + by_entropy * (-p * (log_p + c.entropy));
            put_slot(a.dhead, j * a.ld + n, a.stored, by_logit);
        }
    }
    // Barriers within: what was written above is there below.
    loss = block_sum(loss, shared), kl = block_sum(kl, shared);
    clipped = block_sum(clipped, shared), entropy = block_sum(entropy, shared);
    if (threadIdx.x == 0) {
        a.metrics[0] = (double)(float)(loss / a.batch);
        a.metrics[1] = kl / a.batch;
        a.metrics[2] = clipped / a.batch;
        a.metrics[3] = entropy / a.batch;
    }
    if (!a.gaussian) return;
    unsigned warp = threadIdx.x / 32;
    for (unsigned j = 1 + warp; j < a.width; j += THREADS / 32) gaussian_grad(a, j, by_entropy);
    __syncthreads();
    if (warp == 0) gaussian_grad(a, 0, by_entropy);
}

// The critic's loss and its gradient `(ld)`. metrics: the loss.
// grid (1, 1, z), block (256), no dynamic shared memory.
KERNEL(value_loss, Value, THREADS) {
    const Value &a = each.of[blockIdx.z];
    SHARED(double, shared, [THREADS / 32]);
    double loss = 0.0;
    for (unsigned n = threadIdx.x; n < a.ld; n += THREADS) {
        if (n >= a.batch) {
            put_slot(a.dvalue, n, a.stored, 0.0f);
            continue;
        }
        float value = a.value[n], old = a.old[n], ret = a.ret[n], error = value - ret, bounded = error;
        // Within the clip both are the value, and what rounding makes of the second is no reason to stop.
        if (a.clips && fabsf(value - old) > a.clip) bounded = old + clamp(value - old, -a.clip, a.clip) - ret;
        bool farther = bounded * bounded > error * error;
        loss += (double)(farther ? bounded * bounded : error * error);
        // Where the clipped value is the worse one, the value itself moves nothing.
        put_slot(a.dvalue, n, a.stored, farther ? 0.0f : a.coef * 2.0f * error / (float)a.batch);
    }
    loss = block_sum(loss, shared);
    if (threadIdx.x == 0) a.metrics[0] = (double)(a.coef * (float)(loss / a.batch));
}
