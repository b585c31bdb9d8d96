// Samples one after the other, as a host has them, to slots and back.
#include "common.h"

// `slots (width, ld)` from `rows (batch, width)`; lanes beyond the batch become 0.
// grid (⌈width / 32⌉, ld / 32, z), block (32, 8), no dynamic shared memory.
KERNEL(rows_in, Rows, 256) {
    const Rows &a = each.of[blockIdx.z];
    SHARED(float, tile, [32][33]);
    unsigned f0 = blockIdx.x * 32, n0 = blockIdx.y * 32, lane = threadIdx.x;
    if (f0 >= a.width || n0 >= a.ld) return;
    float mine[4];
    // All loads are on their way before the first is waited for.
#pragma unroll
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = n0 + threadIdx.y + i * 8, f = f0 + lane;
        mine[i] = load_if(f < a.width ? a.batch : 0, n, a.rows + (size_t)n * a.width + f);
    }
#pragma unroll
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = threadIdx.y + i * 8;
        tile[n][lane] = n0 + n < a.batch && f0 + lane < a.width ? mine[i] : 0.0f;
    }
    __syncthreads();
    for (unsigned i = threadIdx.y; i < 32; i += 8)
        if (f0 + i < a.width) put_slot(a.slots, (size_t)(f0 + i) * a.ld + n0 + lane, a.stored, tile[lane][i]);
}

// `rows (batch, width)` from `slots (width, ld)`. Launched as `rows_in`.
KERNEL(rows_out, Rows, 256) {
    const Rows &a = each.of[blockIdx.z];
    SHARED(float, tile, [32][33]);
    unsigned f0 = blockIdx.x * 32, n0 = blockIdx.y * 32, lane = threadIdx.x;
    if (f0 >= a.width || n0 >= a.ld) return;
    for (unsigned i = threadIdx.y; i < 32; i += 8)
        if (f0 + i < a.width) tile[i][lane] = slot_at(a.slots, (size_t)(f0 + i) * a.ld + n0 + lane, a.stored);
    __syncthreads();
    for (unsigned i = threadIdx.y; i < 32; i += 8) {
        unsigned n = n0 + i, f = f0 + lane;
        if (n < a.batch && f < a.width) ((float *)a.rows)[(size_t)n * a.width + f] = tile[lane][i];
    }
}
