/* launch.h - what tests may turn about launches of kernels compiled for the host: geometry and order, which must not matter. */
#ifndef HAEMNET_TEST_CUDA_LAUNCH_H
#define HAEMNET_TEST_CUDA_LAUNCH_H

#include <stdbool.h>

extern unsigned fake_launch_grid, fake_launch_block; /* 0 = as the backend asks */
extern bool fake_launch_backwards;                   /* last thread first */
extern long fake_launch_fail; /* the n-th launch from now fails with cudaErrorLaunchOutOfResources; 0 = none */

#endif
