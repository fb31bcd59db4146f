#!/bin/sh
# `make cudnn` makes the plug-in and nothing else, from cuda/, lib/base and lib/op alone; its .pc file says where it is and what it goes with.
set -eu
make=${MAKE:-make}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/haemnet-packaging-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
problem() {
    echo "$1"
    exit 1
}
unset MAKEFLAGS MFLAGS MAKELEVEL

objects=$($make --no-print-directory BUILD="$scratch" PREFIX=/opt/haemnet print-obj)
$make --no-print-directory BUILD="$scratch" PREFIX=/opt/haemnet "$scratch/obj/${objects##*/}/install-opt-haemnet/haemnet-cudnn.pc" \
    "$scratch/obj/${objects##*/}/install-opt-haemnet/haemnet.pc"
PKG_CONFIG_PATH=$scratch/obj/${objects##*/}/install-opt-haemnet
export PKG_CONFIG_PATH
plugin=$(pkg-config --variable=plugin haemnet-cudnn)
[ "$plugin" = /opt/haemnet/lib/haemnet/libhaemnet-cudnn.so ] || problem "the plug-in would be $plugin"
[ "$(pkg-config --modversion haemnet-cudnn)" = "$(pkg-config --modversion haemnet)" ] || problem "the versions differ"
pkg-config --libs haemnet-cudnn | grep -q -- '-lhaemnet' || problem "the library is not needed"
pkg-config --cflags haemnet-cudnn | grep -q -- '-I/opt/haemnet/include' || problem "the headers are not found"

if [ -z "${HAEMNET_TEST_CUDA:-}" ]; then
    echo "SKIP what make cudnn makes: CUDA's toolkit or cuDNN's headers are missing"
    exit 0
fi
$make -n BUILD="$scratch" cudnn > "$scratch/commands"
grep -oE ' -c [^ ]+\.cu?( |$)' "$scratch/commands" | sed 's/^ -c //; s/ $//; s|/[^/]*$||' | sort -u > "$scratch/folders"
printf 'cuda\ncuda/kernels\nlib/base\nlib/op\n' | cmp -s - "$scratch/folders" || problem "it compiles $(tr '\n' ' ' < "$scratch/folders")"
shared=$(grep -oE -- '-o [^ ]+\.so[^ ]* ' "$scratch/commands" | sort -u)
[ "$shared" = "-o $scratch/obj/$(basename "$objects")/libhaemnet-cudnn.so " ] || problem "it links $shared"
[ "$(grep -cE -- '-o [^ ]*/haemnet ' "$scratch/commands")" = 0 ] || problem "it builds the program"
