#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Installs the missing Debian packages of the named parts (tools/packages). If no package is missing, it calls no apt
# and prints nothing; for an absent optional package, it asks apt-cache. It waits while another process holds apt's
# lock.
#   sh tools/install_packages.sh PART...            gcc, tour, bench, ...: the names in tools/packages
#   sh tools/install_packages.sh --print PART...    only prints the packages, by the names that this system has
#   INLAY_APT_WAIT=SECONDS                          how long it waits for the lock; 600 unless said otherwise
#   INLAY_COMPILERS="g++-14 clang++-19"             these in place of the compilers that the table names
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/progress.sh
. "$here/progress.sh"
LC_ALL=C # apt's messages are read
export LC_ALL
print=
if [ "${1:-}" = --print ]; then
    print=yes
    shift
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# ---- The table -------------------------------------------------------------------------------------

awk -v parts="$*" '
    { sub(/#.*/, "") }
    $1 == "set" { name = $2; $1 = $2 = ""; set[name] = $0 }
    $1 ~ /^(quick|test|other)$/ { name = $2; $1 = $2 = ""; part[name] = $0 }
    function expand(words, at, n, word) {
        n = split(words, word, " ")
        for (at = 1; at <= n; at++) {
            if (word[at] == "+") { if (ENVIRON["INLAY_QUICK"] != "") { return } }
            else if (word[at] !~ /^@/) { if (!seen[word[at]]++) { print word[at] } }
            else if (substr(word[at], 2) in set) { expand(set[substr(word[at], 2)]) }
            else { print "tools/packages: there is no set " word[at] >"/dev/stderr"; bad = 1 }
        }
    }
    END {
        n = split(parts, wanted, " ")
        for (i = 1; i <= n; i++) {
            if (wanted[i] in part) { expand(part[wanted[i]]) }
            else { print "tools/packages has no part " wanted[i] >"/dev/stderr"; bad = 1 }
        }
        exit bad
    }' "$here/packages" >"$work/words" || exit 2
if ! command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2046
    echo "This is no Debian, so nothing is installed. Needed is what these packages hold there:" $(cat "$work/words") >&2
    exit 0
fi

versions_of() { sed -n "s/^role *$1 //p" "$here/packages"; }

# Lines "package version": the installed packages, and once apt was asked, those that it offers.
# shellcheck disable=SC2016 # dpkg's own variables
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' 2>/dev/null | awk '$1 ~ /^.i$/ { print $2, $3 }' >"$work/installed"
: >"$work/offered"
has() { # LIST NAME[>=VERSION | <<VERSION]
    case $2 in
    *'>='*) name=${2%%>=*} relation=ge bound=${2#*>=} ;;
    *'<<'*) name=${2%%<<*} relation=lt bound=${2#*<<} ;;
    *) name=$2 relation= ;;
    esac
    found=$(awk -v name="$name" '$1 == name { print $2; exit }' "$work/$1")
    [ -n "$found" ] || return 1
    [ -z "$relation" ] || dpkg --compare-versions "${found#*:}" $relation "$bound"
}

# The version of a role's Clang: the first that is installed or offered. dpkg suffices if the list's first version is
# installed, or if each role has a different Clang. Else the script asks apt (asked=yes).
role_version() {
    for version in $(versions_of "$1"); do
        case " ${INLAY_COMPILERS:-} " in *" clang++-$version "*) echo "$version"; return ;; esac
    done
    for version in $(versions_of "$1"); do
        if has installed "clang-$version" || has offered "clang-$version"; then
            echo "$version"
            return
        fi
    done
    versions_of "$1" | awk '{ print $1 }'
}
roles() {
    clang=$(role_version clang) clang_other=$(role_version clang_other) clang_oldest=$(role_version clang_oldest)
}
roles_are_known() {
    [ -n "${INLAY_COMPILERS:-}" ] && return 0
    grep -q '{' "$work/words" || return 0
    grep -q '{clang_o' "$work/words" && wanted="clang clang_other clang_oldest" || wanted=clang
    first=yes
    for role in $wanted; do
        has installed "clang-$(versions_of "$role" | awk '{ print $1 }')" || first=no
    done
    [ $first = yes ] && return 0
    [ "$wanted" != clang ] && [ "$clang" != "$clang_other" ] && [ "$clang" != "$clang_oldest" ] &&
        [ "$clang_other" != "$clang_oldest" ] && has installed "clang-$clang" && has installed "clang-$clang_other" &&
        has installed "clang-$clang_oldest"
}

# Sets packages (all, by this system's names), missing (to be installed), nowhere (neither installed nor offered), and
# doubtful if an optional package is absent.
resolve() {
    packages='' missing='' nowhere='' doubtful=''
    # shellcheck disable=SC2013 # words
    for word in $(sed "s/{clang}/$clang/g; s/{clang_other}/$clang_other/g; s/{clang_oldest}/$clang_oldest/g" "$work/words"); do
        optional=
        case $word in \?*) optional=yes word=${word#\?} ;; esac
        choice=
        for list in installed offered; do
            for alternative in $(echo "$word" | tr '|' ' '); do
                [ -n "$choice" ] || ! has $list "$alternative" || choice=$list:$alternative
            done
        done
        name=$(echo "${choice#*:}" | sed 's/[<>].*//')
        case " $packages " in *" ${name:-(none)} "*) continue ;; esac
        case $choice in
        installed:*) packages="$packages $name" ;;
        offered:*) packages="$packages $name" missing="$missing $name" ;;
        *) if [ -n "$optional" ]; then doubtful=yes; else nowhere="$nowhere $word"; fi ;;
        esac
    done
    for compiler in ${INLAY_COMPILERS:-}; do
        grep -qx g++ "$work/words" || break
        case $compiler in
        g++-*)
            if has installed "$compiler"; then packages="$packages $compiler"
            elif has offered "$compiler"; then packages="$packages $compiler" missing="$missing $compiler"
            else nowhere="$nowhere $compiler"; fi
            ;;
        esac
    done
}

ask_apt() { # asks for the packages that it offers, of all the names that the table may mean
    {
        sed 's/^?//' "$work/words" | tr '|' '\n' | sed 's/[<>].*//' | while read -r name; do
            role=$(echo "$name" | sed -n 's/.*{\(.*\)}.*/\1/p')
            [ -n "$role" ] || { echo "$name"; continue; }
            for version in $(versions_of "$role"); do
                echo "clang-$version"
                echo "$name" | sed "s/{.*}/$version/"
            done
        done
        echo "${INLAY_COMPILERS:-}" | tr ' ' '\n' | grep '^g++-'
    } | sort -u | xargs apt-cache policy 2>/dev/null |
        awk '/^[^ ]/ { name = $1; sub(/:$/, "", name) } /^ *Candidate:/ && $2 != "(none)" { print name, $2 }' >"$work/offered"
}

roles
resolve
if ! roles_are_known || [ -n "$missing$nowhere$doubtful" ]; then
    ask_apt
    roles
    resolve
fi
if [ -n "$print" ]; then
    # shellcheck disable=SC2086
    [ -n "$packages$nowhere" ] && printf '%s\n' $packages $nowhere
    [ -z "$nowhere" ]
    exit
fi
[ -n "$missing$nowhere" ] || exit 0

# ---- Installing ------------------------------------------------------------------------------------

by_hand() {
    # shellcheck disable=SC2086
    names=$(printf ' %s' $missing $nowhere | sed 's/|[^ ]*//g; s/[<>][^ ]*//g')
    echo "Missing packages:$names" >&2
    echo "Installing them takes root. As root: sh tools/install_packages.sh $parts" >&2
    echo "or: apt-get update && apt-get install --no-install-recommends$names" >&2
    exit 1
}
parts=$*
as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    command -v sudo >/dev/null || by_hand
    # Without a terminal it cannot ask for a password.
    if [ -t 0 ]; then sudo -v || by_hand; else sudo -n true 2>/dev/null || by_hand; fi
fi

log=$work/log
waited=0
# apt_get ARGUMENTS...: again while another process holds one of its locks
apt_get() {
    until watched "apt-get $1" "$log" $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get "$@"; do
        if ! grep -qE 'Could not get lock|Unable to lock|Unable to acquire the dpkg|is another process using it|locked by another process' "$log"; then
            echo "failed: apt-get $*" >&2
            tail -n 20 "$log" >&2
            return 1
        fi
        if [ $waited -ge "${INLAY_APT_WAIT:-600}" ]; then
            echo "failed: apt-get $1: another process has held apt's lock for $waited seconds" >&2
            grep -m 1 -E 'lock' "$log" >&2
            return 1
        fi
        [ $((waited % 10)) != 0 ] || echo "waiting for another process that holds apt's lock: $(grep -m 1 -i 'lock' "$log" | cut -c1-120)"
        sleep 2
        waited=$((waited + 2))
    done
}
if ! apt_get update -q; then
    # Old lists may do, as without a network.
    [ -z "$nowhere" ] || exit 1
    echo "going on with the lists of packages that are here"
fi
ask_apt
roles
resolve
if [ -n "$nowhere" ]; then
    echo "This system offers no package for:$nowhere" >&2
    exit 1
fi
[ -n "$missing" ] || exit 0
echo "installing:$missing"
# shellcheck disable=SC2086
apt_get install -y -q --no-install-recommends $missing || exit 1
