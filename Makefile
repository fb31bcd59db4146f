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
WERROR ?= -Werror

VERSION := $(shell sed -n 's/^\#define HN_VERSION_STRING "\(.*\)"/\1/p' include/haemnet/version.h)
SOVERSION := $(shell sed -n 's/^\#define HN_ABI_VERSION \([0-9]*\).*/\1/p' include/haemnet/version.h)

WARN := -Wall -Wextra -Wpedantic -Wundef -Wshadow -Wcast-qual -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wwrite-strings \
        -Wformat=2 -Wpointer-arith $(WERROR)
# -ffp-contract=off: fused multiply-add only where the source says so, or bits would differ from compiler to compiler.
BASE := -std=c11 -D_GNU_SOURCE -DHN_BUILDING -Iinclude -Ilib -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC -pthread -MMD -MP
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_CFLAGS = $(BASE) $(WARN) $(CFLAGS) $(SANFLAGS) $(EXTRA_CFLAGS)
LIBS := -lm -pthread

HASH := $(shell echo '$(CC) $(ALL_CFLAGS) $(shell $(CC) -dumpfullversion 2>/dev/null)' | sha256sum | cut -c1-10)
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

.PHONY: help all lib tests
help:
	sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## all          libraries and program, in build/
all: lib $(PROGRAM)
	ln -sf $(PROGRAM:$(BUILD)/%=%) $(BUILD)/haemnet
lib: $(STATIC) $(SHARED)

$(OBJ)/%.o: %.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(STATIC): $(LIB_OBJS)
	rm -f $@
	$(AR) rcsD $@ $^
	ln -sf $(@:$(BUILD)/%=%) $(BUILD)/libhaemnet.a

$(SHARED): $(LIB_OBJS) lib/api/libhaemnet.map
	$(CC) $(CFLAGS) $(SANFLAGS) -shared -Wl,-soname,libhaemnet.so.$(SOVERSION) -Wl,--version-script,lib/api/libhaemnet.map \
	    $(if $(SAN),,-Wl$(comma)-z$(comma)defs) -o $@ $(LIB_OBJS) $(LIBS)
	ln -sf libhaemnet.so.$(SOVERSION) $(OBJ)/libhaemnet.so
	ln -sf $(@:$(BUILD)/%=%) $(BUILD)/libhaemnet.so.$(SOVERSION)
	ln -sf libhaemnet.so.$(SOVERSION) $(BUILD)/libhaemnet.so
comma := ,

$(PROGRAM): $(CLI_OBJS) $(SHARED)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $(CLI_OBJS) -L$(OBJ) -lhaemnet -Wl,-rpath,'$$ORIGIN' $(LIBS)

tests: $(API_TESTS) $(BOX_TESTS)
$(API_TESTS): $(OBJ)/%: $(OBJ)/%.o $(SHARED)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< -L$(OBJ) -lhaemnet -Wl,-rpath,'$$ORIGIN/../..' $(CHECK_LIBS) $(LIBS)
$(BOX_TESTS): $(OBJ)/%: $(OBJ)/%.o $(STATIC)
	$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $< $(STATIC) $(CHECK_LIBS) $(LIBS) -ldl

## clean        removes build/
clean:
	rm -rf $(BUILD)

-include $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(API_TESTS:=.d) $(BOX_TESTS:=.d)
