#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# AArch64, cross-built and run under QEMU: the tests at several settings with each compiler, the encodings against GNU as,
# and the freestanding patcher. One line for each variant.
#   sh tests/aarch64/run.sh [CXX...]      clang++ of any version cross-compiles
# Default: aarch64-linux-gnu-g++, and the most telling tests with the main Clang.
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/aarch64
eval "$(sh tools/compilers shell)"
include=include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compilers=${*:-aarch64-linux-gnu-g++ $clang}
brief= # a compiler that runs only the most telling settings
[ $# != 0 ] || brief=$clang
flags="-std=c++20 $warnings -I$include"
passed=0
failed=0
result() { # result STATUS WHAT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: aarch64: $2"
    fi
}
emulated() { timeout 60 qemu-aarch64 -L /usr/aarch64-linux-gnu "$@"; }

# run_test WHAT PROGRAM [ARGUMENT]: each line PASS or FAIL counts, and so does the exit status
run_test() {
    what=$1
    shift
    emulated "$@" >"$work/out"
    result $? "$what ends with an error"
    count "$what"
}

# count WHAT: the lines PASS and FAIL of the output
count() {
    good=$(grep -c '^PASS' "$work/out")
    bad=$(grep -c '^FAIL' "$work/out")
    passed=$((passed + good))
    failed=$((failed + bad))
    grep '^FAIL' "$work/out"
    echo "$1: $good passed, $bad failed"
}

# In programs with branch protection, older Clangs forget the landing pad of a catch handler, without inlay as well. It
# shows where the unwinder is protected, too (Debian 13). Then such a program runs on a processor without BTI.
printf '%s\n' 'int main(int argc, char**) { try { if (argc) throw 1; } catch (int) { return 0; } return 1; }' >"$work/catch.cpp"
catches_guarded() {
    # shellcheck disable=SC2086
    $compiler -O2 -mbranch-protection=standard "$work/catch.cpp" -o "$work/catch" && emulated "$work/catch" 2>/dev/null
}

# left_out SETTING [TWIN...]: whether this compiler is tested briefly and $options are not SETTING. For other compilers,
# whether $options are a TWIN, which only INLAY_MATRIX=full tests.
left_out() {
    if [ "$compiler" = "$brief --target=aarch64-linux-gnu" ]; then
        [ "$options" != "$1" ]
        return
    fi
    shift
    [ "${INLAY_MATRIX:-}" != full ] || return 1
    for twin; do
        [ "$options" != "$twin" ] || return 0
    done
    return 1
}

for compiler in $compilers; do
    case $compiler in
    *clang*) compiler="$compiler --target=aarch64-linux-gnu" ;;
    esac
    guarded=max
    if ! catches_guarded; then
        guarded=neoverse-n1
        echo "$compiler: catch handlers without landing pads: tests with branch protection run without BTI"
    fi
    for options in "-O0" "-O2" "-O2 -fPIC" "-O2 -mbranch-protection=standard"; do
        left_out "-O2 -mbranch-protection=standard" "-O2 -fPIC" && continue
        case $options in *branch-protection*) QEMU_CPU=$guarded ;; *) QEMU_CPU=max ;; esac
        export QEMU_CPU
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/alternative_test.cpp" -o "$work/test"; then
            run_test "$compiler $options" "$work/test"
            run_test "$compiler $options, b.cond" "$work/test" conditional
        else
            result 1 "alternative_test does not compile with $compiler $options"
        fi
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/keys_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, keys" "$work/test"
        else
            result 1 "keys_test does not compile with $compiler $options"
        fi
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/pv_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, pv" "$work/test"
        else
            result 1 "pv_test does not compile with $compiler $options"
        fi
    done

    # Hooks: with SVE and without; registers of a function whose frame the compiler writes.
    case $compiler in
    *clang*) undefined="-O0 -fsanitize=undefined -fsanitize-trap=undefined" ;;
    *) undefined="-O0 -fsanitize=undefined -fsanitize-undefined-trap-on-error" ;;
    esac
    for options in -O0 -O2 "-O2 -fPIC -mbranch-protection=standard" "$undefined"; do
        [ "$options" = "$undefined" ] || ! left_out "-O2 -fPIC -mbranch-protection=standard" || continue
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/hook_test.cpp" -o "$work/test"; then
            for kind in max cortex-a57; do
                QEMU_CPU=$kind run_test "$compiler $options, hooks on $kind" "$work/test"
            done
        else
            result 1 "hook_test does not compile with $compiler $options"
        fi
    done

    # A unit for newer processors: code that runs when a program is loaded, forks or ends does without their instructions.
    for options in "-O0 -march=armv8.4-a" "-O3 -march=armv8.4-a" "-O3 -march=armv8.2-a+sve+fp16" "-O2 -march=armv9-a"; do
        left_out "-O3 -march=armv8.4-a" && continue
        # shellcheck disable=SC2086
        if $compiler $flags $options tests/images/baseline.cpp -o "$work/test"; then
            QEMU_CPU=cortex-a53 emulated "$work/test"
            result $? "$compiler $options, on an older processor"
        else
            result 1 "baseline.cpp does not compile with $compiler $options"
        fi
    done

    while read -r word options; do
        # shellcheck disable=SC2086
        $compiler $options -fsyntax-only -x c++ /dev/null 2>/dev/null || continue
        # shellcheck disable=SC2086
        printf '%s\n' '#include <inlay/arch/target.hpp>' INLAY_TARGET |
            $compiler $flags $options -E -P -x c++ - | tail -n 1 | grep -q "_$word"
        result $? "$compiler: no $word in the names of functions for $options"
    done <<'END'
256 -march=armv8.2-a+sve -msve-vector-bits=256
512 -march=armv8.2-a+sve -msve-vector-bits=512
sve2p1_ -march=armv9-a+sve2p1
cssc_ -march=armv8.7-a -D__ARM_FEATURE_CSSC
END

    # Tests that depend on one of the settings above.
    for options in -O0 -O2 "-O2 -fPIC -fomit-frame-pointer" "-O2 -mbranch-protection=standard" "-Os -ffixed-x18"; do
        left_out "-O2 -fPIC -fomit-frame-pointer" -O2 && continue
        case $options in *branch-protection*) QEMU_CPU=$guarded ;; *) QEMU_CPU=max ;; esac
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/sites_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, sites" "$work/test"
            for kind in 0 1 2 3; do
                run_test "$compiler $options, exception $kind" "$work/test" $kind
            done
        else
            result 1 "sites_test does not compile with $compiler $options"
        fi
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/unwind_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, unwinding" "$work/test"
        else
            result 1 "unwind_test does not compile with $compiler $options"
        fi
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/proof_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, proofs" "$work/test"
        else
            result 1 "proof_test does not compile with $compiler $options"
        fi
    done
    unset QEMU_CPU

    # Features. (QEMU's Cortex-A53 is r0p4, a version with an erratum. Only a hwcap may say that a feature exists.)
    # shellcheck disable=SC2086
    if $compiler $flags "$here/features_test.cpp" -o "$work/test"; then
        for kind in cortex-a53 cortex-a72 max; do
            QEMU_CPU=$kind run_test "$compiler, features of $kind" "$work/test" "${kind#cortex-}"
        done
        emulated "$work/test" list | sort >"$work/ours"
        sed -n 's/^#define HWCAP\([0-9]*\)_\([A-Z0-9_]*\)[[:space:]]*(1[UL]* << \([0-9]*\)).*/\1 \2 \3/p' \
            /usr/aarch64-linux-gnu/include/asm/hwcap.h |
            awk 'NF == 2 { $0 = "1 " $0 } { print ($1 - 1) * 64 + $3, tolower($2) }' | tr -d _ | sort >"$work/theirs"
        [ "$(wc -l <"$work/theirs")" -ge 60 ] && [ -z "$(comm -13 "$work/ours" "$work/theirs")" ]
        result $? "the numbers of hwcaps differ from asm/hwcap.h: $(comm -13 "$work/ours" "$work/theirs" | xargs)"
    else
        result 1 "features_test does not compile with $compiler"
    fi
    case $compiler in
    *clang*) coverage=-fsanitize-coverage=trace-pc,bb ;;
    *) coverage=-fsanitize-coverage=trace-pc ;;
    esac
    counters=
    case $compiler in *clang*) ;; *) counters="--coverage -fprofile-update=atomic -DCOUNTERS" ;; esac
    for options in "-O0 -finstrument-functions" "-O2 -finstrument-functions" "-O0 $coverage" "-O2 $coverage" \
        ${counters:+"-O0 $counters" "-O1 $counters" "-O2 $counters"}; do
        left_out "-O2 $coverage" "-O2 -finstrument-functions" "-O0 $coverage" "-O1 $counters" && continue
        # shellcheck disable=SC2086
        if $compiler $flags $options -c "$here/instrumented_test.cpp" -o "$work/test.o" &&
            $compiler ${counters:+--coverage} "$work/test.o" -o "$work/test"; then
            run_test "$compiler $options" "$work/test"
        else
            result 1 "instrumented_test does not compile with $compiler $options"
        fi
    done

    # Additions of compilers to functions: the thunks of paravirt operations must still keep registers.
    case $compiler in
    *clang*) added=-fpatchable-function-entry=2 ;;
    *) added="-finstrument-functions --coverage -fzero-call-used-regs=all -mno-omit-leaf-frame-pointer" ;;
    esac
    for options in "-O0 -fstack-protector-all" "-O1 -fno-omit-frame-pointer $added"; do
        left_out '' && continue
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/pv_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, pv" "$work/test"
        else
            result 1 "pv_test does not compile with $compiler $options"
        fi
    done

    # The report on the program's file, made on this machine, against the program's own report.
    for options in "-O0 -g" "-O2 -g"; do
        left_out "-O2 -g" "-O0 -g" && continue
        # shellcheck disable=SC2086
        $compiler $flags -static $options tests/report_file/sites.cpp tests/report_file/no_libdw.cpp -o "$work/sites"
        result $? "report_file/sites.cpp does not compile with $compiler $options"
        sh tests/report_file/compare.sh "$work/sites" "qemu-aarch64" none none,+sve2,+file.probed none,+crc32,+sve2,+file.hand
        result $? "the report on the file of $compiler $options is not what the program says"
    done

    # Text as kernels write it: the behaviour, and the instructions.
    for options in "-O2" "-Os -mstrict-align -fPIC -mbranch-protection=standard"; do
        left_out "-O2" && continue
        # shellcheck disable=SC2086
        if $compiler $flags $options "$here/text_test.cpp" -o "$work/test"; then
            run_test "$compiler $options, text" "$work/test"
        else
            result 1 "text_test does not compile with $compiler $options"
        fi
    done
    for options in "-O2" "-O3" "-Os" "-O2 -mstrict-align" "-Os -mstrict-align -mgeneral-regs-only"; do
        left_out "-Os -mstrict-align -mgeneral-regs-only" "-O3" "-Os -mstrict-align" && continue
        # shellcheck disable=SC2086
        $compiler $flags $options -ffreestanding -fno-exceptions -fno-rtti -c "$here/text_code.cpp" -o "$work/test.o" &&
            aarch64-linux-gnu-objdump -dr --no-show-raw-insn "$work/test.o" |
            python3 "$here/text_code.py" >"$work/out"
        result $? "text_code does not compile with $compiler $options"
        count "$compiler $options, text_code"
    done

    # Guarded pages: the tests in a library whose indirect branches must all arrive at a landing pad. (Debian's start
    # files and libgcc have no landing pads, so no program can have guarded pages.)
    printf '%s\n' 'extern "C" { [[gnu::visibility("hidden")]] void* __dso_handle = nullptr; }' >"$work/handle.hpp"
    for test in landing keys pv proof sites alternative; do
        options=$test
        case $test in landing | keys | pv) ;; *) left_out '' && continue ;; esac
        arguments='int, char**'
        pass='count, values'
        if grep -q '^int main() {' "$here/${test}_test.cpp"; then arguments='' && pass=''; fi
        printf '%s\n' "int run_library($arguments);" \
            "int main(int count, char** values) { return (void)count, (void)values, run_library($pass); }" >"$work/main.cpp"
        # shellcheck disable=SC2086
        if $compiler $flags -O2 -fPIC -mbranch-protection=standard -mno-outline-atomics -Dmain=run_library \
            -include "$work/handle.hpp" -shared -nostartfiles -Wl,-z,force-bti "$here/${test}_test.cpp" \
            -o "$work/libguarded.so" 2>"$work/log" &&
            $compiler $flags "$work/main.cpp" -L"$work" -lguarded -Wl,-rpath,"$work" -o "$work/test"; then
            case $test in
            landing | pv | proof) cpu=max ;; # which throw nothing
            *) cpu=$guarded ;;
            esac
            QEMU_CPU=$cpu run_test "$compiler, guarded pages, $test" "$work/test"
        else
            result 1 "$test does not link as a library with guarded pages, with $compiler"
            cat "$work/log"
        fi
    done

    # Linking. (GCC takes a linker by the name of ld from a directory.)
    linkers="bfd"
    for linker in lld mold; do
        if command -v "ld.$linker" >/dev/null; then
            mkdir -p "$work/$linker"
            ln -sf "$(command -v "ld.$linker")" "$work/$linker/ld"
            linkers="$linkers $linker"
        fi
    done
    # An object for each way to compile, which is linked in each way.
    for options in pic "fixed -fno-pic" "empty -DWITHOUT_SITES"; do
        left_out pic && continue
        object=${options%% *}
        # shellcheck disable=SC2086
        $compiler $flags -O2 -ffunction-sections -fdata-sections ${options#"$object"} -c "$here/link_test.cpp" -o "$work/$object.o"
        result $? "link_test does not compile with $compiler, $options"
    done
    for linker in $linkers; do
        options=$linker
        left_out lld && continue
        case $linker,$compiler in
        bfd,*) all="" ;;
        *clang*) all="-Wl,--icf=all -fuse-ld=$linker" ;;
        *) all="-Wl,--icf=all -B$work/$linker" ;;
        esac
        for options in pic "pic -static" "fixed -no-pie" "pic -Wl,--gc-sections" empty "empty -static -Wl,--gc-sections"; do
            left_out "pic -static" && continue
            object=${options%% *}
            # shellcheck disable=SC2086
            if $compiler "$work/$object.o" ${options#"$object"} $all -o "$work/test"; then
                run_test "$compiler -O2, $options, $linker" "$work/test"
            else
                result 1 "link_test does not link with $compiler -O2, $options, $linker"
            fi
        done
        case $linker,$compiler in
        bfd,*clang* | lld,*g++ | mold,*) ;;
        *)
            # shellcheck disable=SC2086
            if $compiler $flags -O2 -flto $all "$here/link_test.cpp" -o "$work/test"; then
                run_test "$compiler -O2 -flto, $linker" "$work/test"
            else
                result 1 "link_test does not link with $compiler -O2 -flto, $linker"
            fi
            ;;
        esac
    done
    # A script that puts the records elsewhere: an image with sites must not link, one without does.
    aarch64-linux-gnu-ld --verbose | sed -n '/^======/,/^======/p' | sed '/^======/d' |
        sed 's/\*(\.rodata \.rodata\.\* \.gnu\.linkonce\.r\.\*)/*(.rodata .rodata.* inlay_*)/' >"$work/swallow.ld"
    grep -q 'inlay_' "$work/swallow.ld"
    result $? "the linker's script is not as expected"
    # shellcheck disable=SC2086
    ! $compiler $flags -O2 "$here/link_test.cpp" -Wl,-T,"$work/swallow.ld" -o "$work/test" 2>"$work/log" &&
        grep -q '__start_inlay_alternatives' "$work/log"
    result $? "a script that swallows the tables links with $compiler"
    # shellcheck disable=SC2086
    if $compiler $flags -O2 -DWITHOUT_SITES "$here/link_test.cpp" -Wl,-T,"$work/swallow.ld" -o "$work/test" 2>"$work/log"; then
        run_test "$compiler -O2 -DWITHOUT_SITES, a script" "$work/test"
    else
        result 1 "link_test does not link without sites with $compiler and a script"
    fi
    # A shared library and a program, each with its sites.
    # shellcheck disable=SC2086
    if $compiler $flags -O2 -fPIC -fvisibility=hidden -shared -DLIBRARY "$here/link_test.cpp" -o "$work/liblink_test.so" &&
        $compiler $flags -O2 -fvisibility=hidden -DPROGRAM "$here/link_test.cpp" -L"$work" -llink_test -Wl,-rpath,"$work" -o "$work/test"; then
        run_test "$compiler, a shared library" "$work/test"
    else
        result 1 "link_test does not link as a shared library with $compiler"
    fi
    # Registers that no site may change.
    for register in x29 sp xzr; do
        printf '%s\n' '#include <inlay/inlay.hpp>' 'using namespace inlay::aarch64::insn;' \
            "void f() { inlay::alternative<nop()>{}.clobbers<$register>()(); }" >"$work/wrong.cpp"
        # shellcheck disable=SC2086
        ! $compiler $flags -c "$work/wrong.cpp" -o "$work/wrong.o" 2>"$work/log" &&
            grep -q 'names x0 to x28 and x30' "$work/log"
        result $? "$register may be clobbered with $compiler"
    done

    # Messages.
    printf '#!/bin/sh\nexec %s "$@"\n' "$compiler" >"$work/compiler"
    chmod +x "$work/compiler"
    INLAY_NEGATIVE=$here/negative.cpp sh tests/negative/run.sh "$work/compiler" >"$work/out"
    result $? "wrong uses are answered otherwise with $compiler"
    grep -v "^negative: $work" "$work/out"

    for options in -O0 -O2 -Os; do
        left_out -Os && continue
        # shellcheck disable=SC2086
        $compiler $flags $options -ffreestanding -fno-exceptions -fno-rtti -nostdlib \
            -c "$here/../freestanding/runtime.cpp" -o "$work/runtime.o"
        result $? "the freestanding patcher does not compile with $compiler $options"
        [ -z "$(nm -u "$work/runtime.o" | grep mem)" ]
        result $? "the freestanding patcher calls a function of libc with $compiler $options"
    done
    # shellcheck disable=SC2086
    sh "$here/../freestanding/own_kernel.sh" $compiler
    result $? "inlay/kernel.hpp in a kernel of its own ways with $compiler"
done

# Lines "word text": the words must equal the assembler's words for the text. (No matter which compiler: it is done at
# compile time.)
# shellcheck disable=SC2086
if aarch64-linux-gnu-g++ $flags "$here/encoding_test.cpp" -o "$work/encoding" && emulated "$work/encoding" >"$work/list"; then
    { echo ".arch armv8.6-a+crc+lse+sve"; cut -d' ' -f2- "$work/list"; } >"$work/list.s"
    aarch64-linux-gnu-as "$work/list.s" -o "$work/list.o" &&
        aarch64-linux-gnu-objcopy -O binary -j .text "$work/list.o" "$work/list.bin"
    result $? "the assembler refuses the text"
    od -An -v -tx4 -w4 "$work/list.bin" | tr -d ' ' >"$work/expected"
    cut -d' ' -f1 "$work/list" | paste -d' ' - "$work/expected" "$work/list" >"$work/both"
    good=$(awk '$1 == $2' "$work/both" | wc -l)
    bad=$(($(wc -l <"$work/both") - good))
    passed=$((passed + good))
    failed=$((failed + bad))
    awk '$1 != $2 { print "FAIL: aarch64: encoding, not " $2 ": " $0 }' "$work/both"
    [ "$good" -ge 2000 ]
    result $? "fewer than 2000 encodings: $good"
    echo "encodings: $good passed, $bad failed"
else
    result 1 "encoding_test does not run"
fi

# The names in cpu.hpp and those in cpu_names.hpp.
names=$(grep -v '^//' "$include/inlay/arch/aarch64/cpu.hpp" | grep -o 'feature<"[a-z0-9_]*"' | cut -d'"' -f2)
listed=$(sed -n '/feature_names\[\]/,/;/p' "$include/inlay/arch/aarch64/cpu_names.hpp" | grep '^ *"' | tr -d '";' | xargs -n1)
[ "$names" = "$listed" ]
result $? "cpu_names.hpp does not list the features of cpu.hpp"

echo "aarch64: $passed passed, $failed failed"
[ $failed = 0 ]
