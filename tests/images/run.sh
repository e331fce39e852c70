#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The images of a process: libraries and plugins that come, go, are rewritten by tools, have lost their note, or never
# call apply(). Each line of the list below is one check; two run at a time; a check that fails prints one line.
#   sh tests/images/run.sh              all; 90 seconds at most
#   sh tests/images/run.sh PATTERN      those whose line matches
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
# shellcheck source=tests/lines.sh
. tests/lines.sh
# Checks work in folders of their own and see the checkout as "tree", without the spaces that its path may have.
here=tree/tests/images
include=tree/include
eval "$(sh tools/compilers shell)"
flags="-std=c++20 -O1 $warnings -I$include"

list() {
    cat <<LIST
values 1 $gcc $clang
values 2 $clang $gcc
values 3 $gcc $clang
rewritten $gcc bfd gold
rewritten $clang lld mold
noteless $gcc bfd
noteless $clang lld
loading $gcc $clang
loading $clang $gcc
world $gcc $clang
features $gcc $clang
features $clang $gcc
secure $gcc
probes $gcc
probes $clang
baseline $gcc
baseline $clang_oldest
full baseline $clang_other
baseline $clang
linear $gcc valgrind
choosing $gcc $clang
choosing $clang $gcc
together $gcc $clang
together $clang $gcc
LIST
}

library() { # COMPILER FILE SOURCE OPTIONS...
    compiler=$1 file=$2 source=$3
    shift 3
    # shellcheck disable=SC2086
    $compiler $flags -fPIC -shared "$here/$source" "$@" -o "$file"
}

# An image that never calls apply() also reads the current values, from its first constructor on.
values() { # KIND COMPILER OTHER_COMPILER
    kind=-DKIND=$1
    library "$2" libsetter.so silent.cpp "$kind" -DSETS_AT_LOAD -DEXPORT=images_setter &&
        library "$3" libreader.so silent.cpp "$kind" -DEXPORT=images_reader -L. -Wl,-rpath,"$PWD" -Wl,--no-as-needed -lsetter &&
        library "$2" one.so silent.cpp "$kind" -DEXPORT=images_plugin &&
        library "$3" other.so silent.cpp "$kind" -DEXPORT=images_plugin &&
        library "$3" applying.so silent.cpp "$kind" -DEXPORT=images_plugin -DAPPLIES &&
        library "$3" reads.so silent.cpp "$kind" -DEXPORT=images_plugin '-DNAME="images.private"' &&
        library "$2" sets.so silent.cpp "$kind" -DEXPORT=images_plugin '-DNAME="images.private"' -DSETS || return 1
    # shellcheck disable=SC2086
    "$2" $flags "$kind" "$here/values.cpp" -L. -lreader -Wl,-rpath,"$PWD" -Wl,-rpath-link,. -ldl -o program &&
        ./program ./one.so ./other.so ./applying.so ./reads.so ./sets.so
}

# A program, a library and a plugin, each with sites of all kinds. Objects first, for all links; the three have the same
# code.
compile_group() { # COMPILER
    # shellcheck disable=SC2086
    "$1" $flags -fPIC -DPART=in_part -c "$here/part.cpp" -o part.o && "$1" $flags -fPIC -c "$here/group.cpp" -o main.o || return 1
    for each in program library plugin; do
        objcopy --redefine-sym in_part=in_$each part.o $each.o || return 1
    done
}
link_group() { # COMPILER LINKER OPTIONS...
    links="$1 -fuse-ld=$2"
    shift 2
    $links -shared library.o -o liblibrary.so "$@" &&
        $links -shared plugin.o -o plugin.so "$@" &&
        $links main.o program.o -L. -llibrary -Wl,-rpath,"$PWD" -ldl -o program "$@"
}
run_group() { # BROKEN WHAT
    ./program ./plugin.so "$1" || { echo "$2: status $?"; return 1; }
}

# patchelf moves the note, the program headers, and everything in its way.
rewritten() { # COMPILER LINKERS...
    command -v patchelf >/dev/null || { echo "no patchelf here"; return 77; }
    long=$PWD/$(printf '%04000d' 0)
    compiler=$1
    shift
    compile_group "$compiler" || return 1
    for linker; do
        for kind in -pie -no-pie; do
            link_group "$compiler" "$linker" && rm program && "$compiler" -fuse-ld="$linker" $kind main.o program.o -L. -llibrary \
                -Wl,-rpath,"$PWD" -ldl -o program && run_group none "$linker $kind" || return 1
            for file in program liblibrary.so plugin.so; do
                cp $file kept
                what="$linker $kind, $file"
                patchelf --set-rpath "$long:$PWD" $file && run_group none "$what: rpath" &&
                    patchelf --add-needed libutil.so.1 $file && run_group none "$what: needed, too" &&
                    cp kept $file && patchelf --add-needed libutil.so.1 $file && run_group none "$what: needed" || return 1
                if cmp -s kept $file; then echo "patchelf did nothing"; return 1; fi
                [ $file = program ] || cp kept $file # the program keeps it: then all three are
            done
            for file in liblibrary.so plugin.so; do patchelf --set-rpath "$long:$PWD" $file; done
            run_group none "$linker $kind, all three" || return 1
        done
    done
}

# Without a note that inlay knows, an image's apply() says so, and the image stays unpatched.
noteless() { # COMPILER LINKER
    compile_group "$1" && link_group "$1" "$2" || return 1
    run_group none untouched || return 1
    ld --verbose | sed -n '/^======/,/^======/p' | sed '/^======/d' | sed 's|/DISCARD/ : {|/DISCARD/ : { *(.note.*)|' >discarding.ld
    grep -q 'DISCARD.*note' discarding.ld || return 1
    ld --verbose -shared | sed -n '/^======/,/^======/p' | sed '/^======/d' | sed 's|/DISCARD/ : {|/DISCARD/ : { *(.note.*)|' >discarding_shared.ld
    for each in program:program library:liblibrary.so plugin:plugin.so; do
        file=${each#*:} name=${each%:*}
        cp "$file" kept
        objcopy --remove-section .note.inlay "$file" && run_group "$name" "$file: stripped" || return 1
        cp kept "$file"
        python3 - "$file" <<'PYTHON' && run_group "$name" "$file: of another version" || return 1
import re, sys
data = open(sys.argv[1], "rb").read()
changed = re.sub(rb"(\x06\x00\x00\x00\x08\x00\x00\x00)....(?=inlay\x00)", lambda note: note[1] + bytes([231, 3, 0, 0]), data, flags=re.S)
sys.exit("there is no note") if changed == data else open(sys.argv[1], "wb").write(changed)
PYTHON
        case $name in
        program) "$1" main.o program.o -L. -llibrary -Wl,-rpath,"$PWD" -ldl -fuse-ld=bfd -Wl,-T,discarding.ld -o program ;;
        *) "$1" -shared "$name.o" -fuse-ld=bfd -Wl,-T,discarding_shared.ld -o "$file" ;;
        esac && run_group "$name" "$file: discarded" || return 1
        cp kept "$file"
    done
}

# A program and a plugin that have the same dispatch.
choosing() { # COMPILER OTHER_COMPILER
    library "$2" plugin.so choosing.cpp -DPLUGIN || return 1
    # shellcheck disable=SC2086
    "$1" $flags "$here/choosing.cpp" -ldl -o program && ./program ./plugin.so
}

# A program and two plugins with the same names: each one's transaction changes all three, or none.
together() { # COMPILER OTHER_COMPILER
    library "$1" first.so together.cpp -DPLUGIN && library "$2" second.so together.cpp -DPLUGIN || return 1
    # shellcheck disable=SC2086
    "$1" $flags "$here/together.cpp" -ldl -o program && ./program ./first.so ./second.so
}

# Changes while another thread is inside dlopen(), and stays there until so many have been made.
loading() { # COMPILER OTHER_COMPILER
    printf '%s\n' '.data' 'here: .rept 200000' '.quad here' '.endr' '.section .note.GNU-stack,"",@progbits' >relocations.s
    # (A library's resolver runs before the library is relocated: it may use nothing that needs a relocation.)
    library "$2" libslow.so slow.cpp -O1 &&
        library "$2" first.so part.cpp -DPART=in_plugin relocations.s -L. -Wl,--no-as-needed -lslow -Wl,-rpath,"$PWD" &&
        library "$1" second.so part.cpp -DPART=in_plugin "$here/slow.cpp" relocations.s || return 1
    # shellcheck disable=SC2086
    "$1" $flags "$here/loading.cpp" "$here/part.cpp" -DPART=in_program -pthread -ldl -o program && timeout 60 ./program ./first.so ./second.so
}

world() { # COMPILER OTHER_COMPILER
    # shellcheck disable=SC2086
    library "$2" plugin.so part.cpp -DPART=in_plugin && "$1" $flags "$here/world.cpp" "$here/part.cpp" -DPART=in_program -ldl -o program &&
        ./program ./plugin.so
}

# INLAY_FEATURES with features of the program, features of a library without names, and unknown features.
features() { # COMPILER OTHER_COMPILER
    # shellcheck disable=SC2086
    library "$2" liblibrary.so featured.cpp -DPART=in_library '-DNAME="images.library"' &&
        "$1" $flags -DPART=in_program '-DNAME="images.program"' "$here/featured.cpp" "$here/features.cpp" -L. -llibrary \
            -Wl,-rpath,"$PWD" -o program || return 1
    for first in program library; do
        while read -r features says detail program library; do
            INLAY_FEATURES=$features ./program "$first" "$says" "$detail" "$program" "$library" || { echo "$features, $first first"; return 1; }
        done <<'CASES'
+images.program none - 2 1
+images.library none - 1 2
-images.library,+images.program none - 2 1
+images.program,+images.library none - 2 2
+images.program,+images.nobody,+images.library unknown +images.nobody,+images.library 2 2
+images.program,+images.librar,-images unknown +images.librar,-images 2 1
+images.library,images.program malformed images.program 1 1
+images.program,+images.library,+ malformed + 1 1
CASES
    done
}

# A user who runs a program with the rights of another user cannot switch its features.
secure() { # COMPILER
    [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || { echo "it takes root, and setpriv"; return 77; }
    # shellcheck disable=SC2086
    "$1" $flags -static "$here/secure.cpp" "$here/featured.cpp" -DPART=in_program '-DNAME="images.program"' -o program || return 1
    chmod 755 . program && INLAY_FEATURES=+images.program setpriv --reuid 65534 --clear-groups ./program 0 || return 1
    chmod 4755 program && INLAY_FEATURES=+images.program setpriv --reuid 65534 --clear-groups ./program 1
}

# Probes that use the loader, and inlay, while other threads do.
probes() { # COMPILER
    # shellcheck disable=SC2086
    library "$1" first.so part.cpp -DPART=in_plugin && cp first.so second.so && cp first.so third.so &&
        library "$1" liblibrary.so part.cpp -DPART=in_library &&
        "$1" $flags "$here/probes.cpp" -pthread -L. -llibrary -Wl,-rpath,"$PWD" -ldl -o program &&
        timeout 60 ./program ./first.so ./second.so ./third.so
}

# Code that runs before inlay has asked the processor has no instruction of the unit's options. (The programs for APX do
# not run: main() has instructions of APX itself.)
baseline() { # COMPILER
    for options in -mapxf -march=diamondrapids; do
        "$1" $options -fsyntax-only -x c++ /dev/null 2>/dev/null || continue
        # shellcheck disable=SC2086
        "$1" $flags -O2 $options -no-pie -fno-pie "$here/baseline.cpp" -o program && python3 "$here/baseline.py" program ||
            { echo "$options"; return 1; }
    done
    for options in -march=sapphirerapids -march=haswell "-mavx2 -mbmi2"; do
        for level in -O0 -O2 -O3 "-O3 -DWHOLE"; do
            case $options$level in *mbmi2*WHOLE | *rapids*WHOLE) continue ;; esac # one will do
            # shellcheck disable=SC2086
            "$1" $flags $level $options -no-pie -fno-pie "$here/baseline.cpp" -o program && python3 "$here/baseline.py" program ||
                { echo "$options $level"; return 1; }
            if command -v qemu-x86_64 >/dev/null; then
                qemu-x86_64 -cpu Nehalem ./program || { echo "$options $level, on an older processor: status $?"; return 1; }
            fi
        done
    done
}

# The cost of loading libraries grows as their number does, with separate keys or shared keys. The unit is all
# instructions that inlay executes while they are loaded.
linear() { # COMPILER VALGRIND
    library "$1" lib0000.so many.cpp -DKEYS=20 || return 1
    # shellcheck disable=SC2086
    "$1" $flags -DMAIN -DKEYS=20 "$here/many.cpp" -ldl -o program && python3 - <<'PYTHON' || return 1
data = open("lib0000.so", "rb").read()
if data.count(b"images.library-0000.") != 20:
    raise SystemExit("the names are not at the expected place")
for i in range(1, 100):
    open(f"lib{i:04}.so", "wb").write(data.replace(b"images.library-0000.", b"images.library-%04d." % i))
for i in range(100):
    open(f"same{i:04}.so", "wb").write(data)
PYTHON
    for names in lib same; do
        for number in 50 100; do
            # shellcheck disable=SC2046
            "$2" --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
                '--toggle-collect=inlay::detail::baseline::join_at_load()' \
                ./program $(printf './%s ' $names*.so | cut -d ' ' -f 1-$number) 2>said || { tail -n 3 said; return 1; }
            sed -n 's/.*Collected : //p' said >$number
        done
        few=$(cat 50) many=$(cat 100)
        [ "$few" -gt 100000 ] || { echo "nothing was counted: $few"; return 1; }
        [ $((many * 10)) -le $((few * 26)) ] ||
            { echo "names of $names: 50 libraries: $few instructions, 100 libraries: $many"; return 1; }
    done
}

if [ "${1:-}" = --one ]; then
    shift
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cd "$work" && ln -s "$root" tree || exit 1
    has_tools "$@" && run_line "$@"
    exit 0
fi
run_lines images tests/images/run.sh "${1:-}"
