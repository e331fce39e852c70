#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Installs those of the named Debian packages that are missing. Says nothing when there is nothing to do.
#   sh tools/install_packages.sh g++ cmake ninja-build
set -eu
if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian, so nothing is installed. Needed is what these packages hold there: $*" >&2
    exit 0
fi
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
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
    if ! "$@" >"$log" 2>&1; then
        echo "failed: $*" >&2
        tail -n 20 "$log" >&2
        exit 1
    fi
}
echo "installing:$missing"
# $as_root and $missing unquoted: each word counts
# shellcheck disable=SC2086
quietly $as_root apt-get update -qq
# shellcheck disable=SC2086
quietly $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
