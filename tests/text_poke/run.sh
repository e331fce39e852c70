#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The protocols of inlay/text_poke.hpp as models, searched to the end. The real ones run in the unit tests and the kernels.
#   sh tests/text_poke/run.sh
set -eu
cd "$(dirname "$0")"
status=0
python3 model.py || status=1
python3 model_aarch64.py || status=1
exit $status
