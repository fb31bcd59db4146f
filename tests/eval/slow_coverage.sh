#!/bin/sh
# Thousands of invented studies: 95 % intervals hold the true value in 95 % ± 1.5 % of them. make check draws a few.
HAEMNET_COVERAGE_ALL=1 "$HAEMNET_BUILD/tests/eval/test_coverage"
