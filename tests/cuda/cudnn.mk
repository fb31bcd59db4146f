# cudnn.mk - the tests of what cuDNN does, on fakes: `make -f tests/cuda/cudnn.mk cudnn-check`, after `make lib`. Needs CUDA's headers and no
# GPU. All of the backend is linked, so that operators come through its table and its lists.
include Makefile
CUDA ?= /usr/local/cuda
CUDNN_TEST_SRCS := $(sort $(wildcard cuda/*.c tests/cuda/fake/*.c))
CUDNN_TEST_OBJS := $(CUDNN_TEST_SRCS:%.c=$(OBJ)/%.o) $(patsubst %.cu,$(OBJ)/%.host.o,$(sort $(wildcard cuda/kernels/*.cu)))
CUDNN_FLAGS := -isystem $(CUDA)/include -Icuda
$(OBJ)/cuda/%.o $(OBJ)/tests/cuda/%.o: EXTRA_CFLAGS += $(CUDNN_FLAGS)
$(OBJ)/%.host.o: %.cu
	mkdir -p $(@D)
	$(CC) -x c $(BASE) $(WARN) $(CFLAGS) $(SANFLAGS) $(CUDNN_FLAGS) -c $< -o $@
CUDNN_TESTS := $(OBJ)/tests/cuda/cudnn/test_graph $(OBJ)/tests/cuda/cudnn/test_conv
$(CUDNN_TESTS): $(OBJ)/tests/cuda/cudnn/%: $(OBJ)/tests/cuda/%.o $(CUDNN_TEST_OBJS) $(STATIC)
	mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< $(CUDNN_TEST_OBJS) $(STATIC) $(CHECK_LIBS) $(LIBS) -ldl
.PHONY: cudnn-check
cudnn-check: $(CUDNN_TESTS)
	for t in $(CUDNN_TESTS); do $$t || exit 1; done
