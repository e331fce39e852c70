#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Controls and names: the code of a site by name, the headers that include Hana, names across images, settings from
# outside.
#   sh tests/controls/run.sh              all; two minutes at most
#   sh tests/controls/run.sh PATTERN      those whose line matches
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lines.sh
. "$here/../lines.sh"
eval "$(cd "$here/../.." && sh tools/compilers shell)"
include=$here/../../include
flags="-std=c++20 -O2 $warnings -I$include"

list() {
    cat <<LIST
sites $gcc
full sites $clang_oldest
full sites $clang_other
sites $clang
apart $gcc
full apart $clang
together $gcc
full together $clang_oldest
images $gcc $clang $gcc
images $clang $gcc $clang_oldest
exports $gcc
exports $clang
linked $gcc bfd
linked $gcc gold
linked $clang lld
full linked $clang mold
settings $gcc
settings $clang
secure $gcc
LIST
}

# A site by name has the very bytes of one by declaration.
sites() { # COMPILER
    for level in -O2 -Os; do
        for named in "" -DNAMED; do
            # shellcheck disable=SC2086
            "$1" $flags $level $named -c "$here/sites.cpp" -o "sites$named.o" || return 1
            for function in use_key use_switch use_call; do
                objdump -dr --disassemble=$function "sites$named.o" | sed -n '/<use_/,$p'
            done >"code$named"
            # A linker looks at the section, and a record for each site.
            readelf -SW "sites$named.o" | grep -c 'inlay_keys\|inlay_calls' >"records$named"
        done
        [ "$(wc -l <code)" -gt 20 ] || { echo "no code: $(wc -l <code) lines"; return 1; }
        cmp code code-DNAMED && cmp records records-DNAMED || { echo "$level: the code differs"; return 1; }
    done
}

# No header but these two includes Hana, and names.hpp nothing of Boost's, Zydis's or libdw's.
apart() { # COMPILER
    (cd "$include" && find inlay -name '*.hpp') | sort >headers
    [ "$(wc -l <headers)" -gt 40 ] || return 1
    while read -r header; do
        case $header in
        inlay/controls.hpp | inlay/hana.hpp | inlay/arch/aarch64/*) continue ;;
        esac
        echo "#include <$header>" >unit.cpp
        # shellcheck disable=SC2086
        "$1" $flags -M unit.cpp >needs || return 1
        if grep -q 'boost/hana' needs; then echo "$header includes Hana"; return 1; fi
        case $header in
        inlay/names.hpp | inlay/configure.hpp)
            if grep -q 'boost/\|Zydis\|elfutils' needs; then echo "$header needs more than it says"; return 1; fi
            ;;
        esac
    done <headers
    echo '#include <inlay/controls.hpp>' >unit.cpp
    # shellcheck disable=SC2086
    "$1" $flags -M unit.cpp | grep -q 'boost/hana'
}

# All headers of x86 in one unit; and each by itself, without exceptions and RTTI.
together() { # COMPILER
    (cd "$include" && find inlay -name '*.hpp') | grep -v 'aarch64\|platform/store_steps' | sort | sed 's/.*/#include <&>/' >unit.cpp
    # shellcheck disable=SC2086
    "$1" $flags -c unit.cpp -o unit.o || return 1
    for header in names configure controls hana; do
        echo "#include <inlay/$header.hpp>" >unit.cpp
        # shellcheck disable=SC2086
        "$1" $flags -fno-exceptions -fno-rtti -c unit.cpp -o unit.o || return 1
    done
}

images() { # PROGRAM_CXX LIBRARY_CXX PLUGIN_CXX
    part() { # COMPILER FILE OPTIONS...
        compiler=$1 file=$2
        shift 2
        # shellcheck disable=SC2086
        $compiler $flags -fPIC -shared "$here/part.cpp" "$@" -o "$file"
    }
    part "$2" liblibrary.so -DFUNCTIONS=in_library '-DOWN="parts.library"' '-DTARGET="library"' -DCLOCK=2 &&
        part "$3" plugin.so -DFUNCTIONS=in_plugin '-DOWN="parts.plugin"' '-DTARGET="plugin"' -DCLOCK=3 &&
        part "$2" other.so -DFUNCTIONS=in_other '-DOWN="parts.other"' '-DTARGET="other"' -DCLOCK=4 || return 1
    echo '#include <inlay/inlay.hpp>
inline constexpr inlay::static_key<"parts.shared", true> shared;
extern "C" [[gnu::visibility("default")]] bool ask();
extern "C" bool ask() { return shared; }' >clash.cpp
    # shellcheck disable=SC2086
    "$2" $flags -fPIC -shared clash.cpp -o clash.so || return 1
    python3 - other.so <<'PYTHON' || return 1
import re, sys
data = open(sys.argv[1], "rb").read()
changed = re.sub(rb"(\x06\x00\x00\x00\x08\x00\x00\x00)....(?=inlay\x00)", lambda note: note[1] + bytes([231, 3, 0, 0]), data, flags=re.S)
sys.exit("there is no note") if changed == data else open(sys.argv[1], "wb").write(changed)
PYTHON
    # shellcheck disable=SC2086
    "$1" $flags "$here/main.cpp" -L. -llibrary -Wl,-rpath,"$PWD" -ldl -o program && ./program ./plugin.so ./other.so
}

# Linkers that drop unused sections keep the names of targets.
linked() { # COMPILER LINKER
    for options in -Wl,--gc-sections "-Wl,--gc-sections -flto" "-no-pie -fno-pie -Wl,--gc-sections"; do
        case "$1 $2 $options" in "clang"*" bfd "*-flto* | "clang"*" mold "*-flto* | *gold*-flto*) continue ;; esac
        # shellcheck disable=SC2086
        "$1" $flags -fuse-ld="$2" -ffunction-sections -fdata-sections $options "$here/settings.cpp" -o program || return 1
        [ "$(INLAY_SET=sched_clock=tsc ./program)" = "0 0 2 1 ordinary" ] || { echo "$options: $(./program)"; return 1; }
    done
}

# An image exports nothing of inlay's, nor of its types.
exports() { # COMPILER
    for level in -O0 -O2; do
        # shellcheck disable=SC2086
        "$1" $flags $level -fPIC -shared "$here/settings.cpp" -o settings.so || return 1
        nm -D --defined-only settings.so >symbols
        grep -q ' T main' symbols || { echo "it exports nothing at all"; return 1; }
        said=$(awk '($2 == "u" && $3 !~ /^_ZZ?NK?St/) || $3 ~ /5inlay/ { print $3 }' symbols | c++filt | cut -c1-200 | head -n 3)
        [ -z "$said" ] || { echo "$level: $said"; return 1; }
    done
}

settings() { # COMPILER
    # shellcheck disable=SC2086
    "$1" $flags "$here/settings.cpp" -o program || return 1
    while IFS='|' read -r variable arguments wanted; do
        # shellcheck disable=SC2086
        said=$(INLAY_SET=$variable ./program $arguments 2>&1 | head -n 1)
        [ "$said" = "$wanted" ] || { echo "INLAY_SET=$variable $arguments: $said"; return 1; }
    done <<'CASES'
||0 0 1 1 ordinary
app.trace=on,codec.level=2,sched_clock=tsc||1 2 2 1 ordinary
app.trace=on|--set codec.level=3 file|1 3 1 2 ordinary
codec.level=1|--set=codec.level=2 --set=sched_clock=tsc|0 2 2 1 ordinary
app.trac=on|--set codec.level=2|inlay: INLAY_SET: "app.trac=on": none of the controls has this name; did you mean app.trace? The names are:
codec.level=4||inlay: INLAY_SET: "codec.level=4": the switch has no such value; codec.level takes 0 to 3; it is 0
app.trace=on|--set sched_clock=sundial|inlay: --set: "sched_clock=sundial": the key, switch or static call has no such value; sched_clock takes jiffies, tsc, default, null; it is jiffies
CASES
    [ "$(env -u INLAY_SET ./program)" = "0 0 1 1 ordinary" ]
}

# A user who runs a program with the rights of another user cannot set its names.
secure() { # COMPILER
    [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || { echo "it takes root, and setpriv"; return 77; }
    # shellcheck disable=SC2086
    "$1" $flags -static "$here/settings.cpp" -o program || return 1
    chmod 755 . program
    [ "$(INLAY_SET=app.trace=on setpriv --reuid 65534 --clear-groups ./program)" = "1 0 1 1 ordinary" ] || return 1
    chmod 4755 program
    said=$(INLAY_SET=app.trace=on setpriv --reuid 65534 --clear-groups ./program)
    case $said in
    *ordinary) echo "this file system, or container, gives no such rights"; return 77 ;;
    esac
    [ "$said" = "0 0 1 1 secure" ] || { echo "$said"; return 1; }
}

if [ "${1:-}" = --one ]; then
    shift
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cd "$work" || exit 1
    has_tools "$@" && run_line "$@"
    exit 0
fi
run_lines controls "$here/run.sh" "${1:-}"
