#!/bin/sh
# headers.sh - gathers the three headers that the library takes from Debian's packages libjsmn-dev and libstb-dev, on a machine that has them, for
# one that has not.
#
#   tests/gpu/headers.sh [FOLDER]       default build/gpu-headers, where need.sh looks
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-build/gpu-headers}
mkdir -p "$folder/stb"
for header in jsmn.h stb/stb_image.h stb/stb_image_write.h; do
    file=$(printf '#include <stddef.h>\n#include <%s>\n' "$header" | ${CC:-gcc} -M -x c - | tr ' ' '\n' | grep "/$header\$") || {
        echo "$header is not here: apt-get install libstb-dev libjsmn-dev" >&2
        exit 1
    }
    cp "$file" "$folder/$header"
done
echo "$folder: jsmn.h stb/stb_image.h stb/stb_image_write.h"
