#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The protocol of inlay/text_poke.hpp as a model, searched to the end. The real one runs in the unit tests and the kernel.
#   sh tests/text_poke/run.sh
set -eu
cd "$(dirname "$0")"
python3 model.py
