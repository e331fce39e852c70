#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# inlay/kernel.hpp in a kernel of its own ways, by one compiler, for the architecture that it compiles for:
#   own_kernel.cpp beside the kernel's macros and namespace std, without a C++ library (-nostdinc++): linked and run;
#   a unit in which every name that is set aside is a macro that no compiler accepts;
#   wrong uses of a kernel's own (negative.cpp);
#   the warnings of hypervisors as errors.
#   sh tests/freestanding/own_kernel.sh COMPILER [OPTION...]      COMPILER may have --target=... among its options
set -u
cd "$(dirname "$0")/../.." || exit 1 # paths without the spaces that the checkout's may have
here=tests/freestanding
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
result() { # result STATUS WHAT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: freestanding: $2"
    fi
}
flags="-std=c++20 -ffreestanding -nostdinc++ -fno-exceptions -fno-rtti -nostdlib -fno-pic -fno-pie -mgeneral-regs-only
       -Iinclude"
linker=ld
emulator=
case " $* " in
*i686-linux-gnu* | *" -m32 "*) linker='ld -m elf_i386' ;;
*aarch64-linux-gnu*) linker=aarch64-linux-gnu-ld emulator='qemu-aarch64' ;;
esac

# ---- Macros and namespace std -----------------------------------------------------------------------

for optimise in -O0 -O2 -Os; do
    # shellcheck disable=SC2086
    if "$@" $flags $warnings -Werror $optimise -c "$here/own_kernel.cpp" -o "$work/own.o" &&
        $linker -T "$here/program.lds" -z noexecstack --no-warn-rwx-segments "$work/own.o" -o "$work/own"; then
        timeout 60 $emulator "$work/own"
        status=$?
        result $status "own_kernel by $* $optimise ends with $status"
    else
        result 1 "own_kernel by $* $optimise does not compile and link"
    fi
done
python3 "$here/macros.py" check
result $? "the lists of macros that are set aside"
python3 "$here/macros.py" unit >"$work/macros.cpp"
# shellcheck disable=SC2086
"$@" $flags -fsyntax-only "$work/macros.cpp" 2>"$work/log"
result $? "a macro is not set aside, by $*: $(grep -m 1 error "$work/log")"

# ---- Wrong uses --------------------------------------------------------------------------------------

printf '#!/bin/sh\nexec %s -fno-pic -fno-pie "$@"\n' "$*" >"$work/compiler"
chmod +x "$work/compiler"
INLAY_NEGATIVE=$here/negative.cpp sh tests/negative/run.sh "$work/compiler" >"$work/log"
result $? "wrong uses by $*: $(cat "$work/log")"

# ---- Warnings ---------------------------------------------------------------------------------------

wanted="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-overflow=5 -Wuseless-cast -Wundef
    -Wredundant-decls -Wcast-align -Wcast-qual -Wold-style-cast -Wzero-as-null-pointer-constant -Wnull-dereference
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wmissing-declarations -Wpointer-arith -Wwrite-strings -Wvla
    -Wdouble-promotion -Wformat=2 -Wswitch-default -Wctor-dtor-privacy -Wnon-virtual-dtor
    -Woverloaded-virtual -Wextra-semi -Wcomma-subscript -Wvolatile -Walloca -Wdate-time -Winit-self
    -Wstrict-aliasing=3 -Wfloat-equal -Wunreachable-code"
case " $* " in
*i686*) wanted=$(echo "$wanted" | sed 's/-Wuseless-cast//') ;; # where a word has 32 bits, a cast to one is useless
esac
: >"$work/empty.cpp"
known=
for each in $wanted; do
    "$@" -Werror "$each" -std=c++20 -fsyntax-only "$work/empty.cpp" 2>/dev/null && known="$known $each"
done
frame=1024 # in bytes, of each function
limits="-Wframe-larger-than=$frame"
"$@" -Werror -Wstack-usage=$frame -fsyntax-only "$work/empty.cpp" 2>/dev/null && limits="$limits -Wstack-usage=$frame"
sources='own_kernel runtime alternatives_alone each_site'
case " $* " in *aarch64*) ;; *) sources="$sources kernel" ;; esac # it has sites of x86
for source in $sources; do
    levels=-O2
    [ "${INLAY_MATRIX:-}" != full ] || levels='-O0 -O2 -Os'
    for optimise in $levels; do
        limited=$limits
        case $source$optimise in kernel-O*|*-O0) limited= ;; esac # a test that is one function; variables of their own
        # shellcheck disable=SC2086
        "$@" $flags $known $limited -Werror $optimise -c "$here/$source.cpp" -o "$work/warned.o" 2>"$work/log"
        result $? "warnings by $* $optimise in $source.cpp: $(grep -m 1 -E 'error|warning' "$work/log")"
    done
done
echo "freestanding: $passed passed, $failed failed: a kernel's own macros, types and warnings by $*"
[ $failed = 0 ]
