#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The counts of the benchmarks that do not drift: the instructions in memory, and the instructions that apply()
# executes. Also a check that the benchmarks measure nothing on an emulator. (Bytes: bench/size.py --check.)
#   sh bench/gate/run.sh BUILD...         (build/gate-gcc build/gate-clang: built)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: gate/run.sh BUILD..." >&2; exit 2; }

refused() { # BY COMMAND...: it must say so, and fail
    by=$1
    shift
    if said=$("$@" 2>&1); then
        echo "measured under $by: $*" >&2
        exit 1
    fi
    case $said in
    *"emulated by $by"*"not measured"*) ;;
    *)
        echo "under $by, $* says: $said" >&2
        exit 1
        ;;
    esac
}

for build in "$@"; do
    "$build/bench/dispatch/dispatch" --check
    refused "QEMU (TCG)" qemu-x86_64 "$build/bench/dispatch/dispatch"
    refused "QEMU (TCG)" qemu-x86_64 "$build/bench/apply"
    refused Valgrind valgrind -q "$build/bench/apply"
done
"$here/instructions.py" "$@"
