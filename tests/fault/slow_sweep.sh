#!/bin/sh
# Every single allocation, system call and backend call fails, not a sample of them as in make check.
set -u
code=0
for test in memory io backend; do
    HAEMNET_FAULT_ALL=1 "$HAEMNET_BUILD/tests/fault/test_$test" || code=1
done
exit $code
