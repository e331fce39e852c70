#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Compiles and runs every code block of the pages: sh tests/docs/run.sh [PAGE...]; default: all pages in git. blocks.py
# describes how each kind of block is tested.
set -u
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/blocks.py" "$@"
