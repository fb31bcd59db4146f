# lines.sh - lines of JSON from the scripts of tests/gpu; sourced, with LINES set to the folder. Needs nothing but sed.
# shellcheck shell=sh

escaped() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' | tr '\n\t' '  '; }

# line KIND KEY VALUE…: whole numbers stay numbers.
line() {
    text="{\"kind\": \"$1\""
    shift
    while [ $# -gt 1 ]; do
        case $2 in
        '' | *[!0-9]*) text="$text, \"$1\": \"$(escaped "$2")\"" ;;
        *) text="$text, \"$1\": $2" ;;
        esac
        shift 2
    done
    printf '%s}\n' "$text" >> "${LINES:?}/run.jsonl"
}

# record NAME passed|failed|skipped DETAIL: a check, said and kept.
record() {
    case $2 in
    passed) echo "ok   $1: $3" ;;
    failed) echo "FAIL $1: $3" ;;
    *) echo "SKIP $1: $3" ;;
    esac
    line check device "${DEVICE:?}" name "$1" status "$2" detail "$3"
}
