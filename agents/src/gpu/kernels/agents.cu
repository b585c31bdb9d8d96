// The kernels of losses and policies, as one translation unit.
#include "draw.cu"
#include "soft.cu"
#include "td.cu"
#include "surrogate.cu"

#ifdef CUDA_HOST
// As cuLaunchKernel by name, on the CPU; false where there is no such kernel. `arg` is the address of the
// kernel's argument, `order` the seed of the order of its threads.
extern "C" bool sparring_agents_launch(const char *name, const unsigned *grid, const unsigned *block,
                                       unsigned shared, void *arg, unsigned long long order) {
    dim3 g{grid[0], grid[1], grid[2]}, b{block[0], block[1], block[2]};
    cuda_host::begin(order);
#define TRY(kernel)                                        \
    if (!std::strcmp(name, #kernel)) {                     \
        cuda_host::launch(kernel, g, b, shared, arg);      \
        return true;                                       \
    }
    TRY(draw)
    TRY(draw_grad)
    TRY(soft_critic)
    TRY(soft_actor)
    TRY(td)
    TRY(surrogate)
    TRY(value_loss)
#undef TRY
    return false;
}
#endif
