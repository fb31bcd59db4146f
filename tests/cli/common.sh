# common.sh - what the tests of the program share; sourced by each test_*.sh. Runs from the project's root; $HAEMNET_BUILD holds the program.
# Each check counts; finish prints the result line that tests/run.py adds up.
H=${HAEMNET_BUILD:-build}/haemnet
[ -x "$H" ] || { echo "SKIP $0: no program at $H"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/haemnet-cli-XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
run=0
failed=0

fail() {
    failed=$((failed + 1))
    echo "FAILED: $*"
}

# expect CODE COMMAND…: the exit code; stdout and stderr are left in $scratch/out and $scratch/err.
expect() {
    wanted=$1
    shift
    run=$((run + 1))
    "$@" > "$scratch/out" 2> "$scratch/err"
    code=$?
    [ "$code" -eq "$wanted" ] && return 0
    fail "exit code $code instead of $wanted: $*"
    sed 's/^/    /' "$scratch/err" | tail -5
    return 1
}

# says FILE TEXT: the file has the text somewhere.
says() {
    run=$((run + 1))
    grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; sed 's/^/    /' "$1" | tail -5; }
}

# same A B: byte for byte.
same() {
    run=$((run + 1))
    cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

# there FILE…
there() {
    for file; do
        run=$((run + 1))
        [ -e "$file" ] || fail "$file is missing"
    done
}

# python NAME: a program on stdin that asserts; its arguments follow.
python() {
    run=$((run + 1))
    name=$1
    shift
    python3 - "$@" > "$scratch/python" 2>&1 || { fail "$name"; sed 's/^/    /' "$scratch/python" | tail -5; }
}

# small DIR [OPTIONS]: a little phantom set, quick to train on.
small() {
    dir=$1
    shift
    "$H" phantom --out "$dir" --patients 12 --slices 4 --size 64 --bleed-share 1 --seed 3 --quiet "$@"
}

finish() {
    echo "RESULT $run run, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}
