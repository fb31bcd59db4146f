#!/bin/sh
# NEON gives the same model file as this machine: the library is built for 64-bit Arm with Debian's cross compiler and run by qemu-user.
set -eu
cross=aarch64-linux-gnu-gcc
for tool in $cross qemu-aarch64; do
    command -v $tool >/dev/null 2>&1 || { echo "SKIP neon: there is no $tool"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/haemnet-neon.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Debian's headers of one file each: all that the library needs besides its own. The rest of /usr/include is this machine's.
mkdir "$work/include"
ln -s /usr/include/stb /usr/include/jsmn.h "$work/include/"
flags="-std=c11 -D_GNU_SOURCE -DHN_BUILDING -Iinclude -Ilib -I. -isystem $work/include -ffp-contract=off -fno-math-errno -O2 -pthread"

# build COMPILER NAME: one object a source, then tests/backend/cpu_model.c with all of them
build() {
    mkdir "$work/$2"
    for source in lib/*/*.c lib/backend/*/*.c tests/backend/cpu_model.c; do
        isa=
        if [ "$2" = here ] && [ "$(uname -m)" = x86_64 ]; then
            case $source in
            *isa_avx512.c) isa="-mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma" ;;
            *_avx2.c) isa="-mavx2 -mfma" ;;
            esac
        fi
        # shellcheck disable=SC2086
        $1 $flags $isa -c "$source" -o "$work/$2/$(echo "$source" | tr / _).o"
    done
    # shellcheck disable=SC2086
    $1 $flags -static -o "$work/$2/cpu_model" "$work/$2"/*.o -lm 2>"$work/link.log" || { cat "$work/link.log"; exit 1; }
}
build "${CC:-gcc}" here
build $cross arm
"$work/here/cpu_model" plain "$work/here.safetensors"
qemu-aarch64 "$work/arm/cpu_model" plain "$work/arm-plain.safetensors"
qemu-aarch64 "$work/arm/cpu_model" neon "$work/arm-neon.safetensors"
for name in arm-plain arm-neon; do
    cmp "$work/here.safetensors" "$work/$name.safetensors" || { echo "FAILED: $name gives other bytes"; exit 1; }
done
echo "plain C here, plain C and NEON on emulated Arm: the same $(wc -c < "$work/here.safetensors") bytes"
echo "RESULT 1 run, 0 failed"
