# libhaemnet: `make help` lists what can be made.
#
# Objects live in build/obj/HASH, HASH of compiler and flags, so that sanitizer and release objects never mix.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
ifndef V
.SILENT:
endif

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SAN ?=
CFLAGS ?= -O2 -g
# Warnings stop the build where nobody would see them: in CI.
WERROR ?= $(if $(CI),-Werror)

VERSION := $(shell sed -n 's/^\#define HN_VERSION_STRING "\(.*\)"/\1/p' include/haemnet/version.h)
SOVERSION := $(shell sed -n 's/^\#define HN_ABI_VERSION \([0-9]*\).*/\1/p' include/haemnet/version.h)

WARN := -Wall -Wextra -Wpedantic -Wundef -Wshadow -Wcast-qual -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wwrite-strings \
        -Wformat=2 -Wpointer-arith $(WERROR)
# -ffp-contract=off: fused multiply-add only where the source says so, or bits would differ from compiler to compiler.
BASE := -std=c11 -D_GNU_SOURCE -DHN_BUILDING -Iinclude -Ilib -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC -pthread -MMD -MP
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_CFLAGS = $(BASE) $(WARN) $(CFLAGS) $(SANFLAGS) $(EXTRA_CFLAGS)
LIBS := -lm -pthread

HASH := $(shell echo '$(CC) $(ALL_CFLAGS) $(CUDA:1=) $(shell $(CC) -dumpfullversion 2>/dev/null)' | sha256sum | cut -c1-10)
OBJ := $(BUILD)/obj/$(HASH)

LIB_SRCS ?= $(sort $(wildcard lib/*/*.c lib/backend/*/*.c))
LIB_OBJS := $(LIB_SRCS:%.c=$(OBJ)/%.o)
CLI_SRCS := $(sort $(wildcard src/*.c))
CLI_OBJS := $(CLI_SRCS:%.c=$(OBJ)/%.o)

STATIC := $(OBJ)/libhaemnet.a
SHARED := $(OBJ)/libhaemnet.so.$(SOVERSION)
PROGRAM := $(OBJ)/haemnet

# tests/DIR/test_*.c is one program each. tests/api sees the shared library only; the others link the static one.
API_TESTS := $(patsubst tests/%.c,$(OBJ)/tests/%,$(sort $(wildcard tests/api/test_*.c)))
BOX_TESTS := $(patsubst tests/%.c,$(OBJ)/tests/%,$(filter-out tests/api/%,$(sort $(wildcard tests/*/test_*.c))))
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lrt)

PLUGIN_SRCS := $(sort $(wildcard tests/backend/plugins/*.c))
PLUGINS := $(PLUGIN_SRCS:%.c=$(OBJ)/%.so) $(OBJ)/examples/libhaemnet-example.so
# ---- cuda/: the cudnn plug-in, and its tests against fakes. CUDA=0 leaves it out; the core never needs any of it. ----
CUDA ?= 1
CUDA_HOME ?= /usr/local/cuda
CUDNN_HOME ?=
CUBLAS_HOME ?=
ifneq ($(CUDA),0)
ifneq ($(wildcard $(CUDA_HOME)/include/cuda_runtime_api.h),)
CUDNN_DIR := $(firstword $(foreach d,$(CUDNN_HOME) $(CUDA_HOME) /usr/local /usr,$(if $(wildcard $(d)/include/cudnn_graph.h),$(d))))
ifeq ($(CUDNN_DIR),)
CUDNN_DIR := $(shell python3 -c 'import nvidia.cudnn as c; print(list(c.__path__)[0])' 2>/dev/null)
endif
endif
endif
# Headers are enough for the tests; the plug-in itself needs nvcc and the libraries too. Links are by file: a python installation has no
# libcudnn.so, only libcudnn.so.9.
# CUBLAS_HOME: where a toolkit has no cuBLASLt of its own.
CUDA_ROOTS := $(sort $(CUDA_HOME) $(CUDNN_DIR) $(CUBLAS_HOME))
CUDA_INC := $(if $(CUDNN_DIR),-Icuda $(addprefix -isystem ,$(filter-out /usr/include,$(CUDA_ROOTS:%=%/include))))
CUDA_LIB_DIRS := $(foreach d,$(CUDA_HOME) $(CUDNN_DIR) $(CUBLAS_HOME),$(d)/lib64 $(d)/lib $(d)/lib/$(shell $(CC) -dumpmachine))
cuda_lib = $(firstword $(foreach d,$(CUDA_LIB_DIRS),$(wildcard $(d)/lib$(1).so) $(sort $(wildcard $(d)/lib$(1).so.*))))
CUDA_LIBS = $(foreach l,cudart cudnn cublasLt,$(or $(call cuda_lib,$(l)),-l$(l)))
NVCC ?= $(firstword $(wildcard $(CUDA_HOME)/bin/nvcc) nvcc)
# -fmad=false as -ffp-contract=off above. No exceptions, no guards of statics: nvcc's stubs would want C++'s library.
# Machine code for compute capability 8 and 9, and PTX for what comes after.
NVCC_FLAGS = -O3 -std=c++17 -fmad=false -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
    -gencode arch=compute_90,code=compute_90 -Iinclude -Ilib $(CUDA_INC) -Xcompiler -fPIC,-fvisibility=hidden,-fno-exceptions,-fno-rtti,-fno-threadsafe-statics -MD -MP

CUDA_OBJS := $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard cuda/*.c)))
CUDA_KERNELS := $(sort $(wildcard cuda/kernels/*.cu))
# Kernels that a C compiler understands too (kernels/host_launch.h) are run by the tests.
CUDA_HOST_KERNELS := $(if $(CUDA_KERNELS),$(patsubst %.cu,$(OBJ)/%.host.o,$(shell grep -L '<<<' $(CUDA_KERNELS))))
CUDA_FAKES := $(patsubst %.c,$(OBJ)/%.o,$(sort $(filter-out tests/cuda/test_%,$(wildcard tests/cuda/*.c)) $(wildcard tests/cuda/fake/*.c)))
CUDA_PLUGIN := $(OBJ)/libhaemnet-cudnn.so
CUDA_FAKE_PLUGIN := $(OBJ)/tests/cuda/libhaemnet-cudnn-fake.so
CUDA_CORE := $(OBJ)/cuda/libcore.a

SCRIPTS := $(sort $(wildcard tests/*/test_*.sh tests/*/test_*.py))
SLOW_SCRIPTS := $(sort $(wildcard tests/*/slow_*.sh tests/*/slow_*.py))

.PHONY: help all lib cudnn tests plugins demo check check-all check-programs check-slow bench bench-peers bench-programs gpu gpu-programs print-obj install uninstall dist clean packages-build packages-check packages-check-all

help:
	echo "libhaemnet $(VERSION)"
	sed -n 's/^## /  make /p' $(firstword $(MAKEFILE_LIST))
	echo "variables: CC CFLAGS SAN=address|undefined|thread V=1 WERROR= PREFIX=$(PREFIX) DESTDIR= BUILD=$(BUILD)"

## demo         makes invented head-CT slices, trains, evaluates, predicts, explains; results in build/demo/
demo: packages-build
	$(MAKE) --no-print-directory all
	sh tools/demo.sh $(BUILD)

## check        builds and passes the tests
check: packages-check
	$(MAKE) --no-print-directory all tests plugins
	$(MAKE) --no-print-directory check-programs

## check-all    check, and the slow suites: sanitizers, valgrind, faults, fuzz corpora, clang
check-all: packages-check-all
	sh tools/check_all.sh

## all          libraries and program, in build/
all: lib $(PROGRAM)
	ln -sf $(PROGRAM:$(BUILD)/%=%) $(BUILD)/haemnet
lib: $(STATIC) $(SHARED)

## cudnn        the plug-in for NVIDIA devices, build/libhaemnet-cudnn.so; needs CUDA's toolkit (CUDA_HOME) and cuDNN 9 (CUDNN_HOME)
ifeq ($(CUDA),0)
cudnn:
	echo "cudnn: left out (CUDA=0)"
else ifeq ($(CUDNN_DIR),)
cudnn:
	echo "cudnn: CUDA's toolkit or cuDNN 9 was not found. cuda_runtime_api.h is looked for in $(CUDA_HOME)/include (CUDA_HOME=…)," \
	    "cudnn_graph.h below CUDNN_HOME=…, CUDA_HOME, /usr/local, /usr and python3's nvidia.cudnn; CUDA=0 leaves it out" >&2
	exit 1
else
cudnn: $(CUDA_PLUGIN)
	ln -sf $(CUDA_PLUGIN:$(BUILD)/%=%) $(BUILD)/libhaemnet-cudnn.so
endif

# All that the plug-in may use of the library: an archive, so that only what is used gets in.
$(CUDA_CORE): $(filter $(OBJ)/lib/base/% $(OBJ)/lib/op/%,$(LIB_OBJS))
	mkdir -p $(@D)
	rm -f $@
	$(AR) rcsD $@ $^
LINK_PLUGIN = $(CC) $(CFLAGS) $(SANFLAGS) -shared -Wl,--version-script,cuda/libhaemnet-cudnn.map $(if $(SAN),,-Wl$(comma)-z$(comma)defs)
# nodelete: CUDA's libraries have threads and exit handlers of their own, and are not made to be unloaded.
$(CUDA_PLUGIN): $(CUDA_OBJS) $(CUDA_KERNELS:%.cu=$(OBJ)/%.o) $(CUDA_CORE) cuda/libhaemnet-cudnn.map
	$(LINK_PLUGIN) -Wl,-soname,libhaemnet-cudnn.so -Wl,-z,nodelete -o $@ $(filter %.o %.a,$^) $(CUDA_LIBS) $(LIBS)
$(CUDA_FAKE_PLUGIN): $(CUDA_OBJS) $(CUDA_HOST_KERNELS) $(CUDA_FAKES) $(CUDA_CORE) cuda/libhaemnet-cudnn.map
	$(LINK_PLUGIN) -o $@ $(filter %.o %.a,$^) $(LIBS)
$(OBJ)/cuda/%.o $(OBJ)/tests/cuda/%.o: ISA := $(CUDA_INC)
$(OBJ)/cuda/kernels/%.o: cuda/kernels/%.cu
	mkdir -p $(@D)
	$(NVCC) $(NVCC_FLAGS) -c $< -o $@
$(OBJ)/cuda/kernels/%.host.o: cuda/kernels/%.cu
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CUDA_INC) -x c -c $< -o $@

# One kernel source, compiled once an instruction set; which one runs is decided at run time.
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
$(OBJ)/lib/backend/cpu/isa_avx512.o: ISA := -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma
$(OBJ)/lib/backend/cpu/isa_avx2.o: ISA := -mavx2 -mfma
$(OBJ)/lib/image/resize_avx2.o: ISA := -mavx2
$(OBJ)/lib/base/normals_avx2.o: ISA := -mavx2
endif

$(OBJ)/%.o: %.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ISA) -c $< -o $@

$(STATIC): $(LIB_OBJS)
	rm -f $@
	$(AR) rcsD $@ $^
	ln -sf $(@:$(BUILD)/%=%) $(BUILD)/libhaemnet.a

LINK_SHARED = $(CC) $(CFLAGS) $(SANFLAGS) -shared -Wl,-soname,libhaemnet.so.$(SOVERSION) -Wl,--version-script,lib/api/libhaemnet.map \
    $(if $(SAN),,-Wl$(comma)-z$(comma)defs)
comma := ,

$(SHARED): $(LIB_OBJS) lib/api/libhaemnet.map
	$(LINK_SHARED) -o $@ $(LIB_OBJS) $(LIBS)
	ln -sf libhaemnet.so.$(SOVERSION) $(OBJ)/libhaemnet.so
	ln -sf $(@:$(BUILD)/%=%) $(BUILD)/libhaemnet.so.$(SOVERSION)
	ln -sf libhaemnet.so.$(SOVERSION) $(BUILD)/libhaemnet.so

$(PROGRAM): $(CLI_OBJS) $(SHARED)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $(CLI_OBJS) -L$(OBJ) -lhaemnet -Wl,-rpath,'$$ORIGIN' $(LIBS)

# What the scripts among the tests need to find.
TEST_ENV := $(if $(HAEMNET_TEST_HOST),HAEMNET_TEST_HOST=1) HAEMNET_BUILD=$(abspath $(OBJ)) HAEMNET_TEST_PLUGINS=$(abspath $(OBJ))/tests/backend/plugins \
            HAEMNET_TEST_EXAMPLES=$(abspath $(OBJ))/examples HAEMNET_TEST_CUDA=$(if $(CUDNN_DIR),$(abspath $(CUDA_FAKE_PLUGIN))) CC='$(CC)' SAN='$(SAN)' MAKE='$(MAKE)'
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
check-programs:
	$(TEST_ENV) python3 tests/run.py -j $(JOBS) $(API_TESTS) $(BOX_TESTS) $(if $(SAN),,$(SCRIPTS))
check-slow: all tests plugins
	$(TEST_ENV) python3 tests/run.py -j $(JOBS) $(SLOW_SCRIPTS)

tests: $(API_TESTS) $(BOX_TESTS) bench-programs gpu-programs
plugins: $(PLUGINS)
$(OBJ)/tests/backend/plugins/%.so: tests/backend/plugins/%.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared $< -o $@
$(OBJ)/examples/libhaemnet-example.so: examples/custom_backend.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared $< -o $@
$(API_TESTS): $(OBJ)/%: $(OBJ)/%.o $(SHARED)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< -L$(OBJ) -lhaemnet -Wl,-rpath,'$$ORIGIN/../..' $(CHECK_LIBS) $(LIBS)
$(filter $(OBJ)/tests/fault/%,$(BOX_TESTS)): EXTRA_LD := -Wl,--wrap=open,--wrap=read,--wrap=write,--wrap=fsync,--wrap=rename,--wrap=close
# Tests of cuda/ see its inside, on fakes; without CUDA's headers each is a program that says that it is skipped.
CUDA_TESTS := $(filter $(OBJ)/tests/cuda/%,$(BOX_TESTS))
ifneq ($(CUDNN_DIR),)
$(CUDA_TESTS): $(OBJ)/%: $(OBJ)/%.o $(CUDA_OBJS) $(CUDA_HOST_KERNELS) $(CUDA_FAKES) $(STATIC) | $(CUDA_FAKE_PLUGIN)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $(filter %.o %.a,$^) $(CHECK_LIBS) $(LIBS) -ldl
else
$(CUDA_TESTS): $(OBJ)/tests/cuda/without/no_toolkit.o
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $<
endif
$(filter-out $(CUDA_TESTS),$(BOX_TESTS)): $(OBJ)/%: $(OBJ)/%.o $(STATIC)
	$(CC) $(CFLAGS) $(SANFLAGS) $(EXTRA_LD) -o $@ $< $(STATIC) $(CHECK_LIBS) $(LIBS) -ldl

# tests/bench/bench_*.c is one program each; the other files there are shared by all. They see the inside of the library.
BENCHES := $(patsubst %.c,$(OBJ)/%,$(sort $(wildcard tests/bench/bench_*.c)))
BENCH_SHARED := $(patsubst %.c,$(OBJ)/%.o,$(sort $(filter-out tests/bench/bench_%,$(wildcard tests/bench/*.c))))
bench-programs: $(BENCHES)
$(BENCHES): $(OBJ)/%: $(OBJ)/%.o $(BENCH_SHARED) $(STATIC)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< $(BENCH_SHARED) $(STATIC) $(LIBS) -ldl

# tests/gpu/gpu_*.c is one program each, for tests/gpu/run.sh; they use what the benchmarks share, and need no Check.
GPU_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(sort $(wildcard tests/gpu/gpu_*.c)))
GPU_SHARED := $(patsubst %.c,$(OBJ)/%.o,$(sort $(filter-out tests/gpu/gpu_%,$(wildcard tests/gpu/*.c))))
gpu-programs: $(GPU_PROGRAMS)
$(GPU_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(GPU_SHARED) $(BENCH_SHARED) $(STATIC)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< $(GPU_SHARED) $(BENCH_SHARED) $(STATIC) $(LIBS) -ldl

## gpu          builds, checks and measures the plug-in on a machine with an NVIDIA device; results in build/gpu/
gpu:
	sh tests/gpu/run.sh $(BUILD)/gpu

# Where the objects of these variables are; for scripts.
print-obj:
	echo $(abspath $(OBJ))

packages-build packages-check packages-check-all:
	sh tools/packages.sh $(@:packages-%=%)

# What is installed is linked anew, because the folder for plug-ins is compiled in and follows PREFIX. Nothing that tests use is touched.
INSTALLED = $(DESTDIR)$(PREFIX)
STAGE := $(OBJ)/install$(subst /,-,$(PREFIX))
STAGE_OBJS := $(filter-out %/lib/backend/plugin.o,$(LIB_OBJS)) $(STAGE)/plugin.o

$(STAGE)/plugin.o: lib/backend/plugin.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DHN_PLUGIN_DIR='"$(PREFIX)/lib/haemnet"' -c $< -o $@
$(STAGE)/libhaemnet.a: $(STAGE_OBJS)
	rm -f $@
	$(AR) rcsD $@ $^
$(STAGE)/libhaemnet.so: $(STAGE_OBJS) lib/api/libhaemnet.map
	$(LINK_SHARED) -o $@ $(STAGE_OBJS) $(LIBS)
	strip --strip-unneeded $@
$(STAGE)/haemnet: $(CLI_OBJS) $(SHARED)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $(CLI_OBJS) -L$(OBJ) -lhaemnet -Wl,-rpath,'$$ORIGIN/../lib' $(LIBS)
$(STAGE)/%.pc: pkgconfig/%.pc.in include/haemnet/version.h
	mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $< > $@

## install      into $(DESTDIR)$(PREFIX)
install: $(STAGE)/libhaemnet.a $(STAGE)/libhaemnet.so $(STAGE)/haemnet $(STAGE)/haemnet.pc $(STAGE)/haemnet-cudnn.pc
	install -d $(INSTALLED)/include/haemnet $(INSTALLED)/lib/pkgconfig $(INSTALLED)/lib/haemnet $(INSTALLED)/bin \
	    $(INSTALLED)/share/man/man1 $(INSTALLED)/share/bash-completion/completions
	install -m 644 include/haemnet/*.h $(INSTALLED)/include/haemnet/
	install -m 644 $(STAGE)/libhaemnet.a $(INSTALLED)/lib/libhaemnet.a
	install -m 755 $(STAGE)/libhaemnet.so $(INSTALLED)/lib/libhaemnet.so.$(VERSION)
	ln -sf libhaemnet.so.$(VERSION) $(INSTALLED)/lib/libhaemnet.so.$(SOVERSION)
	ln -sf libhaemnet.so.$(SOVERSION) $(INSTALLED)/lib/libhaemnet.so
	install -m 644 $(STAGE)/haemnet.pc $(INSTALLED)/lib/pkgconfig/haemnet.pc
	install -m 755 $(STAGE)/haemnet $(INSTALLED)/bin/haemnet
	install -m 644 src/haemnet.1 $(INSTALLED)/share/man/man1/haemnet.1
	install -m 644 src/haemnet.bash $(INSTALLED)/share/bash-completion/completions/haemnet
	if [ "$(CUDA)" != 0 ] && [ -f $(CUDA_PLUGIN) ]; then \
	    install -m 755 $(CUDA_PLUGIN) $(INSTALLED)/lib/haemnet/libhaemnet-cudnn.so && \
	    strip --strip-unneeded $(INSTALLED)/lib/haemnet/libhaemnet-cudnn.so && \
	    install -m 644 $(STAGE)/haemnet-cudnn.pc $(INSTALLED)/lib/pkgconfig/haemnet-cudnn.pc; fi

## uninstall    takes away what install put there
uninstall:
	rm -f $(INSTALLED)/include/haemnet/*.h $(INSTALLED)/lib/libhaemnet.a $(INSTALLED)/lib/libhaemnet.so $(INSTALLED)/lib/libhaemnet.so.$(SOVERSION) \
	    $(INSTALLED)/lib/libhaemnet.so.$(VERSION) $(INSTALLED)/lib/pkgconfig/haemnet.pc $(INSTALLED)/bin/haemnet \
	    $(INSTALLED)/lib/haemnet/libhaemnet-cudnn.so $(INSTALLED)/lib/pkgconfig/haemnet-cudnn.pc $(INSTALLED)/share/man/man1/haemnet.1 $(INSTALLED)/share/bash-completion/completions/haemnet
	for d in include/haemnet include lib/pkgconfig lib/haemnet lib bin share/man/man1 share/man share/bash-completion/completions share/bash-completion \
	    share ""; do rmdir $(INSTALLED)$${d:+/$$d} 2>/dev/null || true; done
	$(if $(DESTDIR),cd $(DESTDIR) && rmdir -p $(patsubst /%,%,$(dir $(PREFIX))) 2>/dev/null || true)

## dist         build/libhaemnet-VERSION.tar.gz of what git tracks
dist:
	mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=libhaemnet-$(VERSION)/ -o $(BUILD)/libhaemnet-$(VERSION).tar.gz HEAD
	echo $(BUILD)/libhaemnet-$(VERSION).tar.gz

## bench        speed and memory, as ratios in one run
bench: all bench-programs
	sh tests/bench/run.sh $(BUILD)

## bench-peers  the same beside PyTorch and ONNX Runtime, in a Python environment of its own (downloads some GB once)
bench-peers: all bench-programs
	sh tests/bench/peers.sh $(BUILD)

## clean        removes build/
clean:
	rm -rf $(BUILD)

-include $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(API_TESTS:=.d) $(BOX_TESTS:=.d) $(BENCHES:=.d) $(BENCH_SHARED:.o=.d) $(GPU_PROGRAMS:=.d) $(GPU_SHARED:.o=.d) $(CUDA_OBJS:.o=.d) $(CUDA_FAKES:.o=.d) $(CUDA_HOST_KERNELS:.o=.d) $(CUDA_KERNELS:%.cu=$(OBJ)/%.d)
