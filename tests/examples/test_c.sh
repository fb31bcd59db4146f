#!/bin/sh
# Outside the tree: installs, builds the C and C++ examples with pkg-config alone, shared and static, runs them; and uninstall leaves nothing of
# what install put there, and nothing but that, with and without DESTDIR.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
CC=${CC:-cc} CXX=${CXX:-g++} MAKE=${MAKE:-make}
build=$(cd "$HAEMNET_BUILD/../.." && pwd)
prefix=$TMPDIR/prefix stage=$TMPDIR/stage
run=0 failed=0
check() { # NAME COMMAND...
    name=$1
    shift
    run=$((run + 1))
    if ! "$@" >"$TMPDIR/log" 2>&1; then
        echo "FAILED: $name"
        cat "$TMPDIR/log"
        failed=$((failed + 1))
    fi
}
end() {
    rm -rf "$HAEMNET_BUILD/install$(echo "$prefix" | tr / -)" # where make linked for this prefix
    echo "RESULT $run run, $failed failed"
    [ $failed = 0 ]
    exit
}
in_tree() { "$MAKE" --no-print-directory -C "$root" BUILD="$build" "$@"; }
same_objects() { [ "$(in_tree -s print-obj | tail -n 1)" = "$HAEMNET_BUILD" ]; }
files() { find "$1" -mindepth 1 2>/dev/null | wc -l; }
is() { # VALUE VALUE: equal
    [ "$1" = "$2" ] || { echo "$1 is not $2"; return 1; }
}
compile() { sh -c "$*"; } # the very line of the examples' comments

check "make install would compile the library again: other flags than this run's" same_objects
[ $failed = 0 ] || end
check "make install" in_tree install PREFIX="$prefix"
[ $failed = 0 ] || end
mkdir "$TMPDIR/outside"
cp "$root/examples/embed.c" "$root/examples/explain.c" "$root/examples/train.c" "$root/examples/embed.cpp" "$root/examples/custom_backend.c" "$TMPDIR/outside"
cd "$TMPDIR/outside"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
strict="-Wall -Wextra -Wpedantic -Werror -O1"

# Shared.
check "train.c" compile "$CC -std=c11 $strict train.c \$(pkg-config --cflags --libs haemnet) -o train"
check "embed.c" compile "$CC -std=c11 $strict embed.c \$(pkg-config --cflags --libs haemnet) -o embed"
check "explain.c" compile "$CC -std=c11 $strict explain.c \$(pkg-config --cflags --libs haemnet) -o explain"
check "embed.cpp" compile "$CXX -std=c++11 $strict embed.cpp \$(pkg-config --cflags --libs haemnet) -pthread -o embed_cpp"
check "custom_backend.c" compile "$CC $strict -shared -fPIC -o libhaemnet-example.so custom_backend.c \$(pkg-config --cflags haemnet) -lm"
check "train runs" ./train model.safetensors slice.png
check "embed runs" sh -c './embed model.safetensors slice.png >shared.out'
check "embed says a class and a probability" grep -qE '^(no_)?haemorrhage [01]\.[0-9]{4}$' shared.out
check "embed.cpp runs, and says the same twice" sh -c './embed_cpp model.safetensors slice.png slice.png | uniq >cpp.out && cmp shared.out cpp.out'
check "embed refuses what is no image" sh -c '! ./embed model.safetensors model.safetensors 2>err && grep -q "^HN_E_FORMAT: " err'
check "explain.c keeps to forty lines" test "$(wc -l <explain.c)" -le 40
check "there are images to evaluate" sh -c "unset LD_LIBRARY_PATH; '$prefix/bin/haemnet' phantom --out data --patients 8 --slices 3 --size 64 --seed 2 --quiet"
check "explain evaluates, explains and prints intervals" sh -c './explain model.safetensors data slice.png overlay.png >explain.out'
check "explain: as many as the program says" sh -c "unset LD_LIBRARY_PATH; '$prefix/bin/haemnet' evaluate model.safetensors data --quiet >evaluate.out"
check "explain: the AUC's interval is the program's" sh -c 'set -- $(sed -n "s/^ROC AUC *\([0-9.]*\), 95 % interval \([0-9.]*\) to \([0-9.]*\)$/\1 \2 \3/p" explain.out)
    grep -qE "ROC AUC +$1 +95 % interval $2 to $3" evaluate.out || { cat explain.out evaluate.out; false; }'
check "explain: counts" grep -qx "24 images of 8 patients" explain.out
check "explain: an overlay" sh -c 'head -c 8 overlay.png | od -An -tx1 | grep -q "89 50 4e 47 0d 0a 1a 0a"'
check "explain refuses what is no model" sh -c '! ./explain slice.png data slice.png overlay.png 2>err && grep -q "^HN_E_" err'
check "the program finds its library" sh -c "unset LD_LIBRARY_PATH; '$prefix/bin/haemnet' version"

# Static: our library alone, and everything. A wholly static program cannot load plug-ins (glibc warns of it too): it is told, and lives.
cat >load.c <<'END'
#include <haemnet/haemnet.h>
#include <stdio.h>
int main(int argc, char **argv) {
    hn_error err = {0};
    hn_context *ctx = NULL;
    hn_status status = hn_context_create(NULL, &ctx, &err);
    if (status == HN_OK && argc > 1) status = hn_backend_load(ctx, argv[1], &err);
    printf("%s: %s\n", hn_status_name(status), err.message);
    hn_context_free(ctx);
    return 0;
}
END
check "embed.c, static library" compile "$CC -std=c11 $strict embed.c \$(pkg-config --cflags haemnet) \
    \$(pkg-config --static --libs haemnet | sed 's/-lhaemnet/-l:libhaemnet.a/') -o embed_static"
check "train.c, all static" compile "$CC -std=c11 -O1 train.c \$(pkg-config --cflags haemnet) -static \$(pkg-config --static --libs haemnet) -o train_static"
check "load.c, all static" compile "$CC -std=c11 load.c \$(pkg-config --cflags haemnet) -static \$(pkg-config --static --libs haemnet) -o load_static"
check "load.c, shared" compile "$CC -std=c11 load.c \$(pkg-config --cflags --libs haemnet) -o load"
check "a shared program loads a plug-in" sh -c './load "$PWD/libhaemnet-example.so" | grep "^HN_OK"'
unset LD_LIBRARY_PATH
check "a static one says why it does not" sh -c './load_static "$PWD/libhaemnet-example.so" | grep "linked statically"'
check "embed, static, says the same" sh -c './embed_static model.safetensors slice.png >static.out && cmp shared.out static.out'
check "train, static, trains the same model" sh -c './train_static static.safetensors && cmp model.safetensors static.safetensors'

# Uninstall.
check "something was installed" test "$(files "$prefix")" -gt 20
check "make uninstall" in_tree uninstall PREFIX="$prefix"
check "uninstall leaves nothing" is "$(files "$prefix")" 0
check "uninstall leaves no folder" test ! -e "$prefix"

# Staged, as packagers do; beside a file that is not ours.
mkdir -p "$stage/usr/local/share"
echo "not ours" >"$stage/usr/local/share/other"
check "make install with DESTDIR" in_tree install DESTDIR="$stage" PREFIX=/usr/local
check "DESTDIR stays out of the pkg-config file" grep -qx 'prefix=/usr/local' "$stage/usr/local/lib/pkgconfig/haemnet.pc"
check "all of it is below DESTDIR and PREFIX" is "$(find "$stage" -type f | grep -cv "^$stage/usr/local/")" 0
check "make uninstall with DESTDIR" in_tree uninstall DESTDIR="$stage" PREFIX=/usr/local
check "only the file that is not ours is left" is "$(cd "$stage" && find . -not -type d)" ./usr/local/share/other
rm "$stage/usr/local/share/other"
check "make install once more" in_tree install DESTDIR="$stage" PREFIX=/usr/local
check "make uninstall once more" in_tree uninstall DESTDIR="$stage" PREFIX=/usr/local
check "uninstall with DESTDIR leaves nothing" is "$(files "$stage")" 0
end
