#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Installs the Debian packages named that are missing. Quiet when there is nothing to do.
#   sh tools/install_packages.sh g++ cmake ninja-build
set -eu
missing=
for package in "$@"; do
    if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "These packages are missing, and installing them takes root or sudo:$missing" >&2
    exit 1
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $as_root apt-get update -qq &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    echo "apt-get failed:" >&2
    tail -n 20 "$log" >&2
    exit 1
fi
