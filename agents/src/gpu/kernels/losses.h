// What the kernels of losses and policies share: their arguments, as kernels.rs has them, and sums over a
// batch.
//
// Rows are as the host has them, `(batch, width)`; slots are `(features, ld)`, zero beyond the batch where
// they are gradients. What networks give is f32; what they read, and gradients, `stored` says.
#pragma once
#include "../../../../sparse/src/gpu/kernels/common.h"

struct Draw {
    const float *head, *noise;
    void *action;
    float *log_prob;
    unsigned batch, ld, act_dim, copies;
    float log_std_min, log_std_max;
    unsigned stored, pad;
};
struct SoftCritic {
    const float *q_next[2], *q[2], *log_prob, *reward, *discount;
    const double *log_alpha;
    void *dq[2];
    double *metrics;
    unsigned batch, ld;
    float reward_scale;
    unsigned stored;
};
struct SoftActor {
    const float *log_prob, *q[2];
    void *dq[2];
    float *by_log_prob;
    double *log_alpha, *metrics;
    const double *rate;
    unsigned batch, ld, learns;
    float target_entropy, beta1, beta2, eps;
    unsigned stored;
};
struct DrawGrad {
    const float *head, *noise;
    const void *dx[2];
    const float *by_log_prob;
    void *dhead;
    unsigned batch, ld, act_dim, copies;
    float log_std_min, log_std_max;
    unsigned stored, pad;
};
struct Td {
    const float *q, *next, *chooses, *action, *reward, *discount, *weight;
    void *dq;
    float *delta;
    double *metrics;
    unsigned batch, ld, actions, dueling, huber, stored;
};
struct Surrogate {
    const float *head, *action, *log_prob, *advantage;
    const double *std_param;
    void *dhead;
    double *dstd, *metrics;
    unsigned batch, ld, width, gaussian;
    float clip, entropy_coef;
    unsigned stored, pad;
};
struct Value {
    const float *value, *old, *ret;
    void *dvalue;
    double *metrics;
    unsigned batch, ld, clips;
    float clip, coef;
    unsigned stored;
};

constexpr unsigned THREADS = 256;
constexpr float HALF_LOG_TAU = 0.9189385f;

// What is no number stays none, as on the processor: fminf and fmaxf would hide it.
__device__ __forceinline__ float clamp(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

// The sum over a block of THREADS, for its thread 0, in one order; every thread must come here.
__device__ __forceinline__ double block_sum(double x, double *shared) {
    x = warp_sum(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = x;
    __syncthreads();
    if (threadIdx.x == 0)
        for (unsigned i = 1; i < THREADS / 32; i++) x += shared[i];
    return x;
}
