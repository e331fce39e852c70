#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# inlay attest: running programs, debuggers, core files. sh tests/attest/run.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/inlay_tool.sh
. tests/inlay_tool.sh
# shellcheck disable=SC2086
$gcc -std=c++20 -O2 -g $warnings -Iinclude tests/attest/program.cpp -pthread -o "$work/program" || exit 1
# shellcheck disable=SC2086
$gcc -std=c++20 -O2 -g -fno-pie -no-pie -static $warnings -Iinclude tests/attest/program.cpp -pthread -o "$work/static" || exit 1
python3 tests/attest/attest.py "$inlay" "$work/program" "$work/static" "$work"
