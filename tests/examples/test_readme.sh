#!/bin/sh
# The C in README.md and the example at the top of haemnet.h: taken out as they stand, compiled without a warning, linked with the shared
# library and run on the same slice. One gets it in CT values, the other as a PNG of the brain window: both must say the same.
set -eu
cd "$(dirname "$0")/../.."
strict="-std=c99 -Wall -Wextra -Wpedantic -Wmissing-prototypes -Werror -Iinclude"
sed -n '/^```c$/,/^```$/p' README.md | sed '/^```/d' >"$TMPDIR/bleed.c"
sed -n '/^ \*     #include <haemnet/,/^ \*     }/s/^ \*     //p' include/haemnet/haemnet.h | sed 's|//.*||' >"$TMPDIR/verdict.c"
grep -q hn_predict "$TMPDIR/bleed.c" || { echo "README.md has no C block with hn_predict"; exit 1; }
grep -q hn_predict "$TMPDIR/verdict.c" || { echo "haemnet.h opens with no example"; exit 1; }
for source in "$TMPDIR/bleed.c" "$TMPDIR/verdict.c" tests/examples/readme_main.c; do
    ${CC:-cc} $strict -c "$source" -o "$TMPDIR/$(basename "$source" .c).o"
done
link="-L$HAEMNET_BUILD -lhaemnet -Wl,-rpath,$HAEMNET_BUILD"
${CC:-cc} "$TMPDIR/readme_main.o" "$TMPDIR/bleed.o" $link -o "$TMPDIR/readme"
${CC:-cc} "$TMPDIR/verdict.o" $link -o "$TMPDIR/verdict"
asked=$("$TMPDIR/readme" "$TMPDIR/model.safetensors" "$TMPDIR/slice.png")
told=$("$TMPDIR/verdict" "$TMPDIR/model.safetensors" "$TMPDIR/slice.png")
case "$told" in
"haemorrhage: $asked") ;;
"no_haemorrhage: "*) [ "$(echo "$asked ${told#*: }" | awk '{print ($1 + $2 > 0.998 && $1 + $2 < 1.002)}')" = 1 ] || { echo "README says $asked, haemnet.h says $told"; exit 1; } ;;
*) echo "README says $asked, haemnet.h says $told"; exit 1 ;;
esac
if "$TMPDIR/verdict" "$TMPDIR/none" "$TMPDIR/slice.png" 2>"$TMPDIR/why"; then
    echo "haemnet.h's example takes a model that is not there"
    exit 1
fi
grep -q none "$TMPDIR/why"
if "$TMPDIR/verdict" 2>"$TMPDIR/why"; then
    echo "haemnet.h's example without arguments ends as if all were well"
    exit 1
fi
grep -q usage "$TMPDIR/why"
lines=$(grep -c . "$TMPDIR/bleed.c")
[ "$lines" -le 17 ] || { echo "README promises about fifteen lines of C, and has $lines"; exit 1; }
