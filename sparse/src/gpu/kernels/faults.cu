// Kernels that are wrong, each in one way that the emulator must find: for its own test, on the host only.
#include "common.h"

struct Fault {
    const float *from;
    float *to;
    unsigned n, pad;
};

// A barrier is missing between what one thread writes and another reads. block (64).
KERNEL(fault_race, Fault, 64) {
    const Fault &a = each.of[blockIdx.z];
    SHARED(float, shared, [64]);
    shared[threadIdx.x] = a.from[threadIdx.x];
    a.to[threadIdx.x] = shared[63 - threadIdx.x];
}

// The last thread reads one number too many. block (n).
KERNEL(fault_bounds, Fault, 64) {
    const Fault &a = each.of[blockIdx.z];
    a.to[threadIdx.x] = a.from[threadIdx.x + 1];
}

// A lane leaves before the others ask for what it has. block (32).
KERNEL(fault_lane, Fault, 32) {
    const Fault &a = each.of[blockIdx.z];
    if (threadIdx.x == 31) return;
    a.to[threadIdx.x] = __shfl_xor_sync(ALL, a.from[threadIdx.x], 1);
}

// The last number is never written. block (n).
KERNEL(fault_unwritten, Fault, 64) {
    const Fault &a = each.of[blockIdx.z];
    if (threadIdx.x + 1 < a.n) a.to[threadIdx.x] = a.from[threadIdx.x];
}
