#!/bin/sh
# Every public header compiles alone, as every C and C++ standard a host may use, with no warning and no padding in any struct; and two
# translation units that include everything link together.
set -eu
failed=0 run=0
CXX=${CXX:-g++}
for header in include/haemnet/*.h; do
    for standard in c99 c11 c17; do
        run=$((run + 1))
        echo "#include \"$header\"" | ${CC:-cc} -std=$standard -I. -Iinclude -Wall -Wextra -Wpadded -Wundef -Wc++-compat -pedantic -Werror -fsyntax-only -x c - ||
            { echo "FAILED: $header as $standard"; failed=$((failed + 1)); }
    done
    for standard in c++11 c++14 c++17 c++20; do
        run=$((run + 1))
        echo "#include \"$header\"" | $CXX -std=$standard -I. -Iinclude -Wall -Wextra -Wpadded -Wundef -pedantic -Werror -fsyntax-only -x c++ - ||
            { echo "FAILED: $header as $standard"; failed=$((failed + 1)); }
    done
done
run=$((run + 1))
cd "$TMPDIR"
root=$OLDPWD
printf '#include <haemnet/haemnet.h>\n#include <haemnet/backend.h>\nint other(void);\nint main(void) { return other(); }\n' >a.c
printf '#include <haemnet/haemnet.h>\n#include <haemnet/backend.h>\nint other(void);\nint other(void) { return HN_OK; }\n' >b.c
${CC:-cc} -std=c99 -I"$root/include" -pedantic -Werror a.c b.c -o two || { echo "FAILED: two translation units"; failed=$((failed + 1)); }
echo "RESULT $run run, $failed failed"
[ $failed = 0 ]
