/* launch.c - runs kernels that a C compiler made (cuda/kernels/host_launch.h) as work of a fake stream, thread after thread. */
#include "launch.h"

#include <string.h>

#include "fake.h"
#include "kernels/host_launch.h"

__thread struct hni_host_place hni_host_place;
unsigned fake_launch_grid, fake_launch_block;
bool fake_launch_backwards;
long fake_launch_fail;

/* What waits in the stream: everything a launch needs. */
typedef struct pending {
    void (*body)(const void *args);
    unsigned grid, block;
    _Alignas(16) unsigned char args[512];
} pending;

static void run_launch(void *arg) {
    const pending *p = (const pending *)arg;
    const uint64_t all = (uint64_t)p->grid * p->block;
    hni_host_place.block_size = (uint3){p->block, 1, 1};
    hni_host_place.grid_size = (uint3){p->grid, 1, 1};
    for (uint64_t i = 0; i < all; i++) {
        const uint64_t at = fake_launch_backwards ? all - 1 - i : i;
        hni_host_place.block = (uint3){(unsigned)(at / p->block), 0, 0};
        hni_host_place.thread = (uint3){(unsigned)(at % p->block), 0, 0};
        p->body(p->args);
    }
}

cudaError_t hni_host_launch(void (*body)(const void *args), const void *args, size_t size, unsigned grid, unsigned block,
                            cudaStream_t stream) {
    const int code = fake_enter(FAKE_CUDA, "cudaLaunchKernel");
    if (code != 0)
        return (cudaError_t)code;
    if (fake_launch_fail > 0 && --fake_launch_fail == 0)
        return cudaErrorLaunchOutOfResources;
    pending p = {.body = body, .grid = fake_launch_grid ? fake_launch_grid : grid, .block = fake_launch_block ? fake_launch_block : block};
    if (grid == 0 || block == 0 || block > 1024 || size > sizeof p.args)
        return (cudaError_t)fake_wrong("cudaLaunchKernel: grid, block or size of the arguments", cudaErrorInvalidConfiguration);
    memcpy(p.args, args, size);
    return (cudaError_t)fake_enqueue(stream, run_launch, &p, sizeof p);
}
