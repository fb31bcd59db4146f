# kernels.mk - the tests of own kernels and of dense layers, on fakes: `make -f tests/cuda/kernels.mk kernels-check`, after `make lib`.
# Needs CUDA's headers and no GPU. `kernels-nvcc` shows that nvcc takes the device code, without a warning.
include Makefile
CUDA ?= /usr/local/cuda
NVCC ?= $(CUDA)/bin/nvcc
NVCC_ARCH ?= -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 -gencode arch=compute_90,code=compute_90
# Bits: no fused multiply-add that the source does not name, as for the host.
NVCC_FLAGS ?= -O3 -std=c++17 --fmad=false -Iinclude -Ilib -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra -Werror all-warnings $(NVCC_ARCH)
CU_SRCS := $(sort $(wildcard cuda/kernels/*.cu))
CUDA_TEST_SRCS := $(filter-out cuda/conv.c cuda/pool.c cuda/norm.c cuda/graph.c,$(sort $(wildcard cuda/*.c))) \
    tests/cuda/absent.c $(addprefix tests/cuda/fake/,cudart.c handles.c machine.c launch.c cublaslt.c)
CUDA_TEST_OBJS := $(CUDA_TEST_SRCS:%.c=$(OBJ)/%.o) $(CU_SRCS:%.cu=$(OBJ)/%.host.o)
CUDA_FLAGS := -isystem $(CUDA)/include -Icuda
$(OBJ)/cuda/%.o $(OBJ)/tests/cuda/%.o: EXTRA_CFLAGS += $(CUDA_FLAGS)
$(OBJ)/%.host.o: %.cu
	mkdir -p $(@D)
	$(CC) -x c $(BASE) $(WARN) $(CFLAGS) $(SANFLAGS) $(CUDA_FLAGS) -c $< -o $@
$(OBJ)/%.nvcc.o: %.cu $(wildcard cuda/kernels/*.h) cuda/kernels.h
	mkdir -p $(@D)
	$(NVCC) $(NVCC_FLAGS) -c $< -o $@
KERNEL_TESTS := $(OBJ)/tests/cuda/kernels/test_kernels $(OBJ)/tests/cuda/kernels/test_dense
$(KERNEL_TESTS): $(OBJ)/tests/cuda/kernels/%: $(OBJ)/tests/cuda/%.o $(CUDA_TEST_OBJS) $(STATIC)
	mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< $(CUDA_TEST_OBJS) $(STATIC) $(CHECK_LIBS) $(LIBS) -ldl
.PHONY: kernels-check kernels-nvcc
kernels-check: $(KERNEL_TESTS)
	for t in $(KERNEL_TESTS); do $$t || exit 1; done
kernels-nvcc: $(CU_SRCS:%.cu=$(OBJ)/%.nvcc.o)
