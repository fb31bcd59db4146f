#!/bin/sh
# Writes the ABI baseline of this release: the library's types and symbols for abidiff, and the headers that callers of this release were
# compiled against, for tests/abi/test_old_callers.sh. Run once when a release is made; a released baseline is never written again.
#
#   tools/abi_baseline.sh     (after `make lib`)
set -eu
cd "$(dirname "$0")/.."
obj=$(${MAKE:-make} --no-print-directory -s print-obj)
release=$(sed -n 's/^#define HN_VERSION_STRING "\([0-9]*\.[0-9]*\).*"/\1/p' include/haemnet/version.h)
abidw --headers-dir include --drop-private-types --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "tests/abi/libhaemnet-$release.abi" \
    "$obj/libhaemnet.so.0"
mkdir -p "tests/abi/callers/$release/include"
rm -rf "tests/abi/callers/$release/include/haemnet"
cp -r include/haemnet "tests/abi/callers/$release/include/haemnet"
wc -c "tests/abi/libhaemnet-$release.abi"
