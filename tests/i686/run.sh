#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# 32-bit mode (i686), cross-built and run natively: the tests with optimisation, and some without (INLAY_MATRIX=full: all
# at five settings). Also the encodings against GNU as, lengths against Zydis, wrong uses, and the freestanding patcher. One
# line for each variant.
#   sh tests/i686/run.sh [CXX...]      default: i686-linux-gnu-g++ and a Clang; clang++ of any version cross-compiles
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/i686
eval "$(sh tools/compilers shell)"
tests=$here/..
include=include
googletest=/usr/src/googletest/googletest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compilers=${*:-i686-linux-gnu-g++ $clang}
flags="-std=c++20 $warnings -I$include"
position="-fno-pic -fno-pie"
passed=0
failed=0
result() { # result STATUS WHAT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: i686: $2"
    fi
}

# GoogleTest comes as source for this architecture. Built once, since all compilers have the same ABI.
for source in gtest-all gtest_main; do
    i686-linux-gnu-g++ -std=c++17 -O1 $position -I$googletest/include -I$googletest -c "$googletest/src/$source.cc" \
        -o "$work/$source.o" || exit 1
done

# build NAME OPTION...: links tests/NAME_test.cpp, or tests/i686/NAME_test.cpp if it exists. What is linked in several ways
# is compiled once.
build() {
    name=$1
    shift
    sources=$tests/${name}_test.cpp
    [ "$name" = alternative ] && sources="$here/alternative_test.cpp $here/functions.S"
    [ "$name" = hook ] && sources=$here/hook_test.cpp
    [ "$name" = pv ] && sources="$here/pv_test.cpp $here/pv_registers.S"
    compile=
    link=
    for option; do
        case $option in -Wl,* | -fuse-ld=*) link="$link $option" ;; *) compile="$compile $option" ;; esac
    done
    made=
    for source in $sources; do
        object=$work/$(echo "$compiler$compile $source" | tr -c 'A-Za-z0-9\n' _).o
        made="$made $object"
        # shellcheck disable=SC2086
        [ -f "$object" ] || $compiler $flags $position -isystem $googletest/include $compile -c "$source" -o "$object" || return 1
    done
    # shellcheck disable=SC2086
    $compiler $compile $link $made "$work"/gtest*.o -static -no-pie -pthread -o "$work/$name" 2>"$work/messages"
    status=$?
    # In static programs, the linker warns of getaddrinfo(). GoogleTest contains it, but does not call it.
    grep -E 'error|warning' "$work/messages" | grep -v getaddrinfo
    return $status
}

# run_test NAME OPTION...: counts the tests that pass
run_test() {
    name=$1
    if build "$@"; then
        timeout 120 "$work/$name" >"$work/out" 2>&1
        result $? "$* with $compiler: $(grep '^\[  FAILED  \]' "$work/out" | sort -u | tr '\n' ' ')"
        good=$((good + $(grep -c '^\[       OK \]' "$work/out")))
    else
        result 1 "$* does not compile with $compiler"
    fi
}

# Tests whose program depends on the compiler's options, and the others; for these, one setting is enough: the one that
# compiles in half of the time.
every_setting="alternative pv dispatch static_key static_call hook predicate"
one_setting="table name_table override process poke text_poke x86_features each_site inspect"

for compiler in $compilers; do
    settings="-O0 -O2"
    [ "${INLAY_MATRIX:-}" = full ] && settings="-O0 -O1 -O2 -O3 -Os"
    case $compiler in
    *clang*)
        settings="-O2"
        compiler="$compiler --target=i686-linux-gnu -Wno-unused-command-line-argument"
        ;;
    esac
    for optimise in $settings; do
        good=0
        some=$every_setting
        case $optimise,${INLAY_MATRIX:-} in -O0,) some="alternative pv static_call hook" ;; esac
        # static_call_test has a vector argument.
        for each in $some; do
            case $each in static_call) run_test $each "$optimise" -msse2 ;; *) run_test $each "$optimise" ;; esac
        done
        if [ "$optimise" = -O2 ]; then
            # Those that are as good with one compiler.
            case $compiler,${INLAY_MATRIX:-} in
            *,full) for each in $one_setting; do run_test "$each" -O2; done ;;
            i686*) for each in $one_setting; do run_test "$each" -O0; done ;;
            esac
            # With vector registers; and at addresses beyond 2 GiB: these are negative as off_t and as distances.
            # (Clang 19 warns of its own -march=native on processors with AVX10.)
            native=-march=native
            # shellcheck disable=SC2086 # a command and its arguments
            echo | $compiler $native -Werror -x c++ -fsyntax-only - 2>/dev/null || native="$native -Wno-error"
            # shellcheck disable=SC2086 # two options
            run_test alternative -O2 $native
            run_test alternative -O2 -Wl,-Ttext-segment=0xb0000000
            run_test static_key -O2 -Wl,-Ttext-segment=0xb0000000
            run_test static_call -O2 -msse2 -Wl,-Ttext-segment=0xb0000000
            # This linker has read-only data below text, so that forms are below their sites.
            case $compiler in *clang*) run_test alternative -O2 -fuse-ld=lld ;; esac
        fi
        echo "$compiler $optimise: $good tests passed"
    done
    # Code that runs when a program is loaded, forks or ends has no instruction of the unit's options. (GCC has another
    # warning if the unit computes by SSE.)
    for options in -march=haswell "-march=haswell -mno-sse" "-O3 -msse4.2 -mavx2" "-msse2 -mfpmath=sse"; do
        # shellcheck disable=SC2086
        $compiler $flags $position -O2 $options tests/images/baseline.cpp -no-pie -o "$work/baseline" 2>"$work/out" &&
            python3 tests/images/baseline.py "$work/baseline" >>"$work/out"
        result $? "$options with $compiler: $(head -n 3 "$work/out")"
    done

    # Values of a function with a target attribute in vector registers, on processors with SSE, with AVX, and on this
    # machine.
    if $compiler $flags $position -O2 "$here/vector_registers.cpp" -static -no-pie -o "$work/vectors" 2>"$work/out"; then
        result 0 ""
        for runner in "" "qemu-i386 -cpu Nehalem" "qemu-i386 -cpu Haswell"; do
            $runner "$work/vectors" >"$work/out" 2>/dev/null
            result $? "vector registers in one function, $compiler, run by '$runner': $(cat "$work/out")"
        done
    else
        result 1 "vector_registers.cpp does not compile with $compiler: $(head -n 3 "$work/out")"
    fi

    # The report on the program's file, by a 64-bit program, against the program's own report.
    # shellcheck disable=SC2086
    $compiler $flags $position -O2 -g -static -no-pie "$tests/report_file/sites.cpp" "$tests/report_file/no_libdw.cpp" \
        -o "$work/sites"
    result $? "report_file/sites.cpp does not compile with $compiler"
    sh "$tests/report_file/compare.sh" "$work/sites" "" none none,+avx2,+file.probed none,+sse2,+avx2,+file.hand
    result $? "the report on the file of $compiler is not what the program says"

    for optimise in -O0 -O2 -Os; do
        for source in kernel runtime; do
            # shellcheck disable=SC2086
            $compiler $flags $position $optimise -ffreestanding -fno-exceptions -fno-rtti -nostdlib -mgeneral-regs-only \
                -c "$tests/freestanding/$source.cpp" -o "$work/$source.o"
            result $? "freestanding $source.cpp does not compile with $compiler $optimise"
        done
        ld -m elf_i386 -T "$tests/freestanding/kernel.lds" -z noexecstack --no-warn-rwx-segments "$work/kernel.o" \
            "$work/runtime.o" -o "$work/kernel" && [ -z "$(nm -u "$work/kernel")" ]
        result $? "freestanding does not link without libc with $compiler $optimise"
    done

    # shellcheck disable=SC2086
    sh "$tests/freestanding/own_kernel.sh" $compiler
    result $? "inlay/kernel.hpp in a kernel of its own ways with $compiler"

    # Wrong uses, and the compiler's errors.
    refused() {
        printf '#include <inlay/inlay.hpp>\nusing namespace inlay::x86::insn;\n%s\n' "$1" >"$work/wrong.cpp"
        shift
        sentence=$1
        shift
        # shellcheck disable=SC2086
        ! $compiler -std=c++20 -I"$include" "$@" -c "$work/wrong.cpp" -o "$work/wrong.o" >"$work/messages" 2>&1 &&
            grep -qF -- "$sentence" "$work/messages"
        result $? "compiled, or is not told '$sentence': $(tail -n 1 "$work/wrong.cpp") ($compiler)"
    }
    registers=registers_of_64_bits_and_r8_to_r15_and_spl_bpl_sil_and_dil_are_not_there_in_32_bit_mode
    position_dependent="compile position-dependent code"
    # shellcheck disable=SC2086
    {
        refused 'constexpr auto x = mov(rax, rcx);' $registers $position
        refused 'constexpr auto x = mov(rax, 1);' $registers $position
        refused 'constexpr auto x = popcnt(rax, rdi);' $registers $position
        refused 'constexpr auto x = add(r8d, 1);' $registers $position
        refused 'constexpr auto x = rep_movsq();' $registers $position
        refused 'constexpr auto x = xsave64(ptr(eax));' $registers $position
        refused 'constexpr auto x = mov(sil, al);' $registers $position
        refused 'constexpr auto x = swapgs();' 'swapgs is an instruction of 64-bit mode' $position
        refused 'constexpr auto x = iretq();' 'iretq is an instruction of 64-bit mode; see iretd' $position
        refused 'inline constexpr auto s = inlay::alternative<nop(3)>{}.takes<rdi>(); void f() { s(1); }' \
            'takes operands in whole registers' $position
        refused 'inline constexpr auto s = inlay::alternative<nop(3)>{}.returns<rax, int>();' \
            'in 32-bit mode eax or edx_eax' $position
        refused 'inline constexpr auto s = inlay::alternative<nop(3)>{}.returns<eax, long long>();' \
            'the result fits' $position
        refused 'void g(int, int, int, int); inline constexpr inlay::alternative<call<&g>()> s; void f() { s(); }' \
            'at most three parameters' $position
        refused '' "$position_dependent" -fpic
        refused '' "$position_dependent" -fpie
    }
done

case $compilers in
*i686-linux-gnu-g++*) ;;
*) # the rest is the same with every compiler
    echo "i686: $passed passed, $failed failed"
    [ $failed = 0 ]
    exit
    ;;
esac

# Lines "hex registers text": the bytes must equal the assembler's bytes for the text. (No matter which compiler: it is
# done at compile time.)
# shellcheck disable=SC2086
if i686-linux-gnu-g++ $flags $position -O0 "$here/encoding_test.cpp" -static -no-pie -o "$work/encoding" &&
    "$work/encoding" >"$work/list"; then
    { echo ".intel_syntax noprefix"; cut -d' ' -f3- "$work/list" | sed 's/$/\n.balign 16, 0xcc/'; } >"$work/list.s"
    i686-linux-gnu-as "$work/list.s" -o "$work/list.o" &&
        i686-linux-gnu-objcopy -O binary -j .text "$work/list.o" "$work/list.bin"
    result $? "the assembler refuses the text"
    od -An -v -tx1 -w16 "$work/list.bin" | tr -d ' ' >"$work/expected"
    cut -d' ' -f1 "$work/list" | paste -d' ' - "$work/expected" "$work/list" >"$work/both"
    good=$(awk '$1 == $2' "$work/both" | wc -l)
    bad=$(($(wc -l <"$work/both") - good))
    passed=$((passed + good))
    failed=$((failed + bad))
    awk '$1 != $2 { print "FAIL: i686: encoding, not " $2 ": " $0 }' "$work/both" | head -n 20
    [ "$good" -ge 3000 ]
    result $? "fewer than 3000 encodings: $good"
    echo "encodings: $good passed, $bad failed"
else
    result 1 "encoding_test does not run"
fi

# The registers of those instructions: a 64-bit program, as Zydis is.
# shellcheck disable=SC2086
if g++ $flags -O1 "$here/registers_test.cpp" -lZydis -o "$work/registers"; then
    "$work/registers" <"$work/list" >"$work/out"
    result $? "registers: $(head -n 20 "$work/out")"
    tail -n 1 "$work/out"
else
    result 1 "registers_test does not compile"
fi

# Lengths: a program of 64 bits, as Zydis is, over text of 32 bits.
# shellcheck disable=SC2086
if g++ $flags -O2 "$here/length_test.cpp" -lgtest -lZydis -lelf -o "$work/length"; then
    "$work/length" /usr/i686-linux-gnu/lib/libc.so.6 "$work/alternative" >"$work/out" 2>&1
    result $? "lengths: $(grep -m 5 'Failure' -A 1 "$work/out")"
    echo "lengths: $(awk '/instructions compared/ { sum += $1 } END { print sum }' "$work/out") instructions compared"
else
    result 1 "length_test does not compile"
fi

echo "i686: $passed passed, $failed failed"
[ $failed = 0 ]
