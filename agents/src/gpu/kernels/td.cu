// DQN's loss (losses/td.rs) over the values of dqn/choice.rs. One block has the batch.
#include "losses.h"

// `Q(action)` of one sample's outputs, one a `ld`: `V + A − mean A` of a head that duels.
struct Values {
    const float *outputs;
    unsigned ld, dueling;
    float base;
    __device__ Values(const Td &a, const float *slots, unsigned n) : outputs(slots + n), ld(a.ld), dueling(a.dueling) {
        base = 0.0f;
        if (!dueling) return;
        float sum = 0.0f;
        for (unsigned k = 0; k < a.actions; k++) sum += outputs[(1 + k) * ld];
        base = outputs[0] - sum / (float)a.actions;
    }
    __device__ float operator[](unsigned action) const { return outputs[(dueling + action) * ld] + base; }
    // What is no number is the largest, so that it is not hidden (explore.rs).
    __device__ unsigned largest(unsigned actions) const {
        unsigned best = 0;
        float held = (*this)[0];
        for (unsigned k = 1; k < actions; k++) {
            float q = (*this)[k];
            if (q > held || (q != q && held == held)) best = k, held = q;
        }
        return best;
    }
};

// The loss and its gradient in the outputs `(width, ld)`, and δ `(batch)`. metrics: the loss, the mean of
// what was taken.
// grid (1, 1, z), block (256), no dynamic shared memory.
KERNEL(td, Td, THREADS) {
    const Td &a = each.of[blockIdx.z];
    SHARED(double, shared, [THREADS / 32]);
    float share = 1.0f / (float)a.batch;
    double loss = 0.0, sum = 0.0;
    for (unsigned n = threadIdx.x; n < a.ld; n += THREADS) {
        if (n >= a.batch) {
            for (unsigned k = 0; k < a.actions + a.dueling; k++) put_slot(a.dq, k * a.ld + n, a.stored, 0.0f);
            continue;
        }
        Values q(a, a.q, n), next(a, a.next, n), chooses(a, a.chooses ? a.chooses : a.next, n);
        unsigned action = (unsigned)a.action[n];
        float taken = q[action], y = a.reward[n] + a.discount[n] * next[chooses.largest(a.actions)];
        float delta = taken - y, of = fabsf(delta);
        float value = a.huber ? (of <= 1.0f ? 0.5f * delta * delta : of - 0.5f) : delta * delta;
        float slope = a.huber ? clamp(delta, -1.0f, 1.0f) : 2.0f * delta;
        float grad = slope * (share * a.weight[n]);
        loss += (double)(value * a.weight[n]);
        sum += (double)taken;
        a.delta[n] = delta;
        if (a.dueling) put_slot(a.dq, n, a.stored, grad);
        for (unsigned k = 0; k < a.actions; k++) {
            float own = k == action ? grad : 0.0f, mean = -grad / (float)a.actions;
            if (a.dueling) own = k == action ? mean + grad : mean;
            put_slot(a.dq, (a.dueling + k) * a.ld + n, a.stored, own);
        }
    }
    loss = block_sum(loss, shared);
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) {
        a.metrics[0] = (double)(float)(loss / a.batch);
        a.metrics[1] = sum / a.batch;
    }
}
