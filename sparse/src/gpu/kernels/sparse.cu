// The kernels of networks, as one translation unit.
#include "rows.cu"
#include "gather_tiled.cu"
#include "sample.cu"
#include "dense.cu"
#include "conv.cu"
#include "conv_dense.cu"
#include "image.cu"
#include "norm.cu"
#include "optim.cu"

#ifdef CUDA_HOST
#include "faults.cu"

// As cuLaunchKernel by name, on the CPU; false where there is no such kernel. `arg` is the address of the
// kernel's argument, `order` the seed of the order of its threads.
extern "C" bool sparring_sparse_launch(const char *name, const unsigned *grid, const unsigned *block,
                                       unsigned shared, void *arg, unsigned long long order) {
    dim3 g{grid[0], grid[1], grid[2]}, b{block[0], block[1], block[2]};
    cuda_host::begin(order);
#define TRY(kernel)                                        \
    if (!std::strcmp(name, #kernel)) {                     \
        cuda_host::launch(kernel, g, b, shared, arg);      \
        return true;                                       \
    }
#define TRY_BOTH(kernel) TRY(kernel) TRY(kernel##_bf16)
    TRY(rows_in)
    TRY(rows_out)
    TRY_BOTH(gather)
    TRY_BOTH(gather_thin)
    TRY(gather_tiled_1)
    TRY_BOTH(gather_wide_1)
    TRY_BOTH(gather_wide_4)
    TRY_BOTH(gather_blocks_wide_1)
    TRY(gather_blocks_1)
    TRY_BOTH(sample)
    TRY_BOTH(sample_tiled)
    TRY_BOTH(sample_wide)
    TRY_BOTH(dense_forward)
    TRY_BOTH(dense_backward)
    TRY_BOTH(dense_grad)
    TRY_BOTH(dense_forward_parts)
    TRY_BOTH(dense_finish)
    TRY_BOTH(dense_forward_medium)
    TRY_BOTH(dense_backward_medium)
    TRY_BOTH(dense_grad_medium)
    TRY_BOTH(dense_forward_large)
    TRY_BOTH(dense_backward_large)
    TRY_BOTH(dense_grad_large)
    TRY_BOTH(conv_gather)
    TRY_BOTH(conv_sample)
    TRY_BOTH(conv_dense)
    TRY_BOTH(conv_grad)
    TRY(sum_parts)
    TRY(bytes_in)
    TRY(floats_in)
    TRY(pool_forward)
    TRY(pool_backward)
    TRY(pixels)
    TRY(norm_forward)
    TRY(norm_backward)
    TRY(norm_grad)
    TRY(squares)
    TRY(step)
    TRY(lerp)
    TRY(fault_race)
    TRY(fault_bounds)
    TRY(fault_lane)
    TRY(fault_unwritten)
#undef TRY_BOTH
#undef TRY
    return false;
}
#endif
