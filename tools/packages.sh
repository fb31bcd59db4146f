#!/bin/sh
# Sees to the Debian packages that a target needs: installs what is missing where root or sudo may, otherwise prints the line to type.
#
#   tools/packages.sh build|check|check-all
#
# A need is written as WHAT=PACKAGE, WHAT a command on PATH or a file; what is there by other means is not installed again.
set -eu

build="make=make pkg-config=pkg-config /usr/include/stb/stb_image.h=libstb-dev /usr/include/jsmn.h=libjsmn-dev"
check="$build /usr/include/check.h=check g++=g++ python3=python3 abidiff=abigail-tools rustc=rustc /usr/lib/python3/dist-packages/numpy/__init__.py=python3-numpy"
all="$check clang=clang valgrind=valgrind gcovr=gcovr aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/include/stdio.h=libc6-dev-arm64-cross qemu-aarch64=qemu-user"

case "${1:-build}" in
build) needs=$build ;;
check) needs=$check ;;
check-all) needs=$all ;;
*) echo "usage: tools/packages.sh build|check|check-all" >&2; exit 2 ;;
esac
command -v "${CC:-gcc}" >/dev/null 2>&1 || needs="$needs gcc=gcc /usr/include/stdio.h=libc6-dev"

missing=""
for need in $needs; do
    what=${need%%=*} package=${need#*=}
    case "$what" in
    /*) [ -e "$what" ] || missing="$missing $package" ;;
    *) command -v "$what" >/dev/null 2>&1 || missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

line="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing, and this is no Debian system: install what Debian calls$missing" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as="sudo"
else
    echo "missing packages; run:  sudo $line" >&2
    exit 1
fi
echo "installing:$missing"
log=$(mktemp)
if ! { $as apt-get update && DEBIAN_FRONTEND=noninteractive $as $line; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install; try by hand:  $line" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
