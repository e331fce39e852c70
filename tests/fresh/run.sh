#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# README's commands in minimal Debian systems, which the script makes and removes. It needs root, since it makes the
# systems by mmdebstrap and runs in them by chroot. If it cannot, it gives the reason and skips the tests.
#   sh tests/fresh/run.sh        the tour on Debian 13
#   INLAY_FRESH=1                the tour, all tests and the tour again on Debian 12 and 13, and the parts of the tests that
#                                concern compilers on Debian's testing, with GCC 15, 16 and Clang 20 to 22 as far as they
#                                are there (hours)
#   INLAY_FRESH_SUITES="trixie"  only these of bookworm, trixie and testing
#   INLAY_FRESH_PARTS="gcc ..."  only these parts of the tests
# Packages come from the mirror that this system's apt uses, else from deb.debian.org; downloaded ones stay in BUILD/fresh.
set -u
skip() {
    echo "fresh: 0 passed, 0 failed, 1 skipped: $*"
    exit 0
}
case ${INLAY_FRESH:-} in
inside) skip "this is such a system already" ;;
1) full=yes suites=${INLAY_FRESH_SUITES:-bookworm trixie testing} ;;
*) full='' suites=${INLAY_FRESH_SUITES:-trixie} ;;
esac
cd "$(dirname "$0")/../.." || exit 1
[ "$(id -u)" = 0 ] || skip "this takes root (chroot, mount)"
for each in mmdebstrap unshare mountpoint apt-get apt-config; do
    command -v $each >/dev/null || skip "there is no $each here"
done
# Mounts in a separate namespace: no mount stays after the script, even after an error.
if [ -z "${INLAY_FRESH_NAMESPACE:-}" ]; then
    unshare --mount --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null || skip "no right to mount"
    INLAY_FRESH_NAMESPACE=yes exec unshare --mount --propagation private sh tests/fresh/run.sh
fi
# shellcheck source=tools/progress.sh
. tools/progress.sh
# shellcheck source=tools/build_folder.sh
. tools/build_folder.sh
choose_build_folder build || exit 1
kept=$(absolute "$BUILD")/fresh
unset BUILD
mkdir -p "$kept/debs/partial" || exit 1
work=$(mktemp -d -p "$kept") || exit 1
passed=0
failed=0

leave() { # SYSTEM: unmounts and removes it
    for each in var/cache/apt/archives dev sys proc; do
        if mountpoint -q "$1/$each"; then umount -R "$1/$each" || umount -R -l "$1/$each"; fi
    done
    rm -rf --one-file-system "$1"
}
clean_up() {
    for each in "$work"/*; do
        [ ! -d "$each" ] || leave "$each"
    done
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

seconds() { date +%s; }
name_of() {
    case $1 in
    bookworm) echo "Debian 12" ;;
    trixie) echo "Debian 13" ;;
    *) echo "Debian's $1" ;;
    esac
}

# As apt here: the mirror of Debian's own archive (not of its security updates, nor of others), proxies and checks.
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed 's|/*$||' | grep -m 1 '/debian$')
mirror=${mirror:-http://deb.debian.org/debian}
apt-config dump | grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries)[: ]' | grep -v ' "";$' >"$work/apt.conf"

# make SUITE SYSTEM: a minimal system, with everything mounted that programs expect, and the checkout in /inlay
make() {
    log=$kept/$1-system.log
    # The packages in this folder are the cache; mmdebstrap would remove them at the end.
    # shellcheck disable=SC2016 # for the hooks
    if ! watched "$(name_of "$1"): a minimal system" "$log" mmdebstrap --variant=minbase --aptopt="$work/apt.conf" \
        --skip=essential/unlink --setup-hook='mkdir -p "$1/var/cache/apt/archives"' \
        --setup-hook="mount --bind '$kept/debs' \"\$1/var/cache/apt/archives\"" \
        --customize-hook='umount "$1/var/cache/apt/archives"' "$1" "$2" "$mirror"; then
        tail -n 12 "$log"
        # shellcheck disable=SC2015
        grep -qE 'Could not (resolve|connect)|Temporary failure|Unable to (connect|locate|fetch)|Failed to fetch|timed out|unreachable|NO_PUBKEY|does not have a Release file|Operation not permitted|Permission denied' "$log" &&
            unreachable="no $(name_of "$1") from $mirror: $(grep -m 1 '^[EW]:' "$log" | cut -c1-160)"
        return 1
    fi
    # shellcheck disable=SC2015
    mount -t proc proc "$2/proc" && mount --rbind /dev "$2/dev" && mount --rbind /sys "$2/sys" &&
        mount --make-rslave "$2/dev" && mount --make-rslave "$2/sys" &&
        mount --bind "$kept/debs" "$2/var/cache/apt/archives" || { unreachable="no right to mount in $2"; return 1; }
    for each in /etc/resolv.conf /etc/hosts; do
        [ ! -f $each ] || cp -L $each "$2/etc/"
    done
    mkdir "$2/inlay" || return 1
    if [ -e .git ] && command -v git >/dev/null; then
        git -c safe.directory="$PWD" ls-files -co --exclude-standard | while read -r each; do
            [ ! -e "$each" ] || printf '%s\n' "$each"
        done | tar cf - -T -
    else
        tar cf - --exclude='./build*' .
    fi | tar xf - --no-same-owner -C "$2/inlay"
}

inside() { # SYSTEM COMMAND: in the checkout there
    chroot "$1" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb INLAY_FRESH=inside \
        INLAY_MATRIX="${INLAY_MATRIX:-}" INLAY_WERROR="${INLAY_WERROR:-${CI:+1}}" sh -c "cd /inlay && $2"
}

# step SUITE NAME COMMAND: prints its time, and whether it ends well
step() {
    what="$(name_of "$1"): $3" log=$kept/$1-$2.log started=$(seconds)
    if watched "$what" "$log" inside "$work/$1" "$3"; then
        passed=$((passed + 1))
        echo "ok    $what ($(($(seconds) - started)) s)"
        result=0
    else
        failed=$((failed + 1))
        echo "FAIL  $what ($(($(seconds) - started)) s)"
        tail -n 60 "$log"
        echo "      all of it: $log"
        result=1
    fi
    return $result
}

skipped=
for suite in $suites; do
    started=$(seconds)
    unreachable=
    if ! make "$suite" "$work/$suite"; then
        leave "$work/$suite"
        if [ -n "$unreachable" ]; then
            echo "SKIP  $unreachable"
            skipped="$skipped $suite: $unreachable;"
        else
            failed=$((failed + 1))
            echo "FAIL  $(name_of "$suite"): a minimal system cannot be made: $kept/$suite-system.log"
        fi
        continue
    fi
    echo "      $(name_of "$suite"): a minimal system ($(($(seconds) - started)) s)"
    parts=${INLAY_FRESH_PARTS:-}
    if [ "$suite" = testing ]; then
        # shellcheck disable=SC2016 # for the shell inside
        step testing compilers 'apt-get update -qq
            for each in g++-15 g++-16 clang-20 clang-21 clang-22; do
                apt-cache show $each >/dev/null 2>&1 || continue
                wanted="${wanted:-} $each"
                case $each in clang-*) wanted="$wanted lld-${each#clang-}" ;; esac
            done
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted && echo "there are:$wanted"'
        tail -n 1 "$kept/testing-compilers.log"
        parts=${parts:-gcc clang matrix freestanding negative no_site operands names}
    else
        step "$suite" tour 'sh examples/run.sh'
    fi
    if [ -n "$full" ]; then
        # shellcheck disable=SC2086
        step "$suite" tests "sh tests/run.sh $parts"
        grep -E '^(ok|FAIL|with) ' "$kept/$suite-tests.log"
        [ "$suite" = testing ] || step "$suite" tour-again 'sh examples/run.sh'
    fi
    leave "$work/$suite"
done
count=$(echo "$skipped" | tr -cd ';' | wc -c)
echo "fresh: $passed passed, $failed failed$([ "$count" = 0 ] || echo ", $count skipped:$skipped")"
[ $failed = 0 ]
