/* machine.h - what machine.c knows of the machine that is played; for cudart.c and handles.c. */
#ifndef HAEMNET_TEST_CUDA_MACHINE_H
#define HAEMNET_TEST_CUDA_MACHINE_H

#include "fake.h"

int fake_devices(void); /* as fake_machine was told */
int fake_capability_of(int device);
uint64_t fake_memory_bytes(void);
bool fake_is_lazy(void);
/* The code that a CUDA call on this device fails with, after fake_enter gave `code`: that, or the sticky one from before. */
int fake_sticky(int device, int code);

#endif
