#!/bin/sh
# Makes docs/images/report.png: the head of the demo's report as a browser shows it. Invented patients only.
# Not part of any build: run by hand when the picture should change, from the project's root, after `make demo`. Needs Debian's chromium.
#
#   sh docs/images/report.sh [REPORT.html]     default: build/demo/run/report.html
set -eu
report=${1:-build/demo/run/report.html}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile" --window-size=1100,800 \
    --screenshot=docs/images/report.png "file://$(realpath "$report")"
