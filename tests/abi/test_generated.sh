#!/bin/sh
# The generated files are what the headers say, and the versions of the macro, the pkg-config file and the CHANGELOG agree.
set -eu
python3 tools/gen_map.py --check
python3 tools/gen_layout.py --check
version=$(sed -n 's/^#define HN_VERSION_STRING "\(.*\)"/\1/p' include/haemnet/version.h)
parts=$(sed -n 's/^#define HN_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)/\2/p' include/haemnet/version.h | paste -sd.)
[ "$version" = "$parts" ] || { echo "version string $version, numbers $parts"; exit 1; }
grep -q "^## $version" CHANGELOG.md || { echo "CHANGELOG.md has no section for $version"; exit 1; }
