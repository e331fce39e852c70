#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# An image that uses inlay exports none of its symbols, with any options. A symbol that is unique in the process would
# keep a plugin loaded for ever. Through a weak symbol, images would run each other's functions. The script loads, calls
# and unloads each plugin.
#   sh tests/exports/run.sh [COMPILER...]    default: all, and GCC for i686 and AArch64
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/exports
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 $warnings -Iinclude"
passed=0
failed=0

# The symbols of inlay that an image exports. These are symbols with the namespace in their mangled name, without the
# plugin's own (such as functions of Boost.PFR that walk its table). Also all unique symbols, without those of the C++
# library. Kernels' synchronise() is visible.
exported() { # NM IMAGE
    "$1" -D --defined-only "$2" | awk '
        $2 == "u" && $3 !~ /^_ZZ?NK?St/ { print; next }
        $3 ~ /11synchroniseEv$/ { next }
        $3 ~ /5inlay/ && $3 !~ /^_Z(Z|TI|TS)?N?K?(6plugin|5boost)/ && $3 !~ /^_ZSt(7forward|4move)I.*5pv_op/ { print }' |
        c++filt | cut -c1-200 | head -n 5
}
check() { # WHAT COMMAND...: counts it, and prints a failure in one line
    what=$1
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok    $what"
    else
        failed=$((failed + 1))
        echo "FAIL: $what: $(echo "$said" | head -n 5 | tr '\n' ';')"
    fi
}
plugin() { # COMPILER OPTION...
    # shellcheck disable=SC2086
    "$@" $flags -fPIC -shared "$here/plugin.cpp" -o "$work/plugin.so" || return 1
    said=$(exported nm "$work/plugin.so")
    [ -z "$said" ] || { echo "$said"; return 1; }
    "$work/host" "$work/plugin.so"
}
# A program that shows its symbols to its plugins; it need not run here.
program() { # NM COMPILER OPTION...
    nm=$1
    shift
    # shellcheck disable=SC2086
    "$@" $flags -rdynamic "$here/plugin.cpp" "$work/main.cpp" -o "$work/program" || return 1
    "$nm" -D --defined-only "$work/program" | grep -q plugin_run || { echo "it exports nothing at all"; return 1; }
    said=$(exported "$nm" "$work/program")
    [ -z "$said" ] || { echo "$said"; return 1; }
}

# The host has the C++ library: otherwise that would come with the plugin, and use the inline functions of std::string
# that the plugin has.
g++ -std=c++20 -Wl,--no-as-needed "$here/host.cpp" -ldl -o "$work/host" || exit 1
echo 'extern "C" int plugin_run(int); int main() { return plugin_run(1) < 0; }' >"$work/main.cpp"
for compiler in ${*:-$some}; do
    command -v "$compiler" >/dev/null || { echo "-     no $compiler here"; continue; }
    for options in "-O0" "-O0 -DWITH_WALKS" "-O0 -DWITH_TEXT" "-O2" "-O2 -DWITH_TEXT" "-Os" "-O2 -fno-inline" \
        "-O0 -fvisibility=hidden"; do
        # Other compilers, and these at each setting: INLAY_MATRIX=full.
        case $compiler,$options,${INLAY_MATRIX:-} in
        "$gcc",* | "$clang",* | *,full | *,-O0, | *,"-O2 -DWITH_TEXT",) ;;
        *) continue ;;
        esac
        # shellcheck disable=SC2086
        check "$compiler $options" plugin "$compiler" $options
    done
    case $compiler in
    clang*) # -fsanitize=function (before Clang 17) writes the types of all functions, by the types' own visibility
        check "$compiler, sanitizers" program nm "$compiler" -O0 -fsanitize=address,undefined -fno-sanitize=function
        check "$compiler, LTO" plugin "$compiler" -O2 -flto "--ld-path=$(command -v "ld.lld-${compiler#clang++-}")"
        ;;
    *)
        check "$compiler, sanitizers" program nm "$compiler" -O0 -fsanitize=address,undefined
        check "$compiler, all inline functions" program nm "$compiler" -O0 -fkeep-inline-functions
        check "$compiler, LTO" plugin "$compiler" -O2 -flto=auto
        ;;
    esac
    check "$compiler, a program" program nm "$compiler" -O0
done
if [ $# = 0 ]; then
    for each in "i686-linux-gnu -fno-pic -no-pie" "aarch64-linux-gnu -fPIE"; do
        target=${each%% *}
        for level in -O0 -O2; do
            command -v "$target-g++" >/dev/null || { echo "-     no $target-g++ here"; continue; }
            # shellcheck disable=SC2086
            check "$target $level" program "$target-nm" "$target-g++" $level ${each#* }
        done
    done
fi
echo "exports: $passed passed, $failed failed"
[ $failed = 0 ]
