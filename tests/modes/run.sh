#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Compilers, linkers and tools in modes that change the code and files that inlay sees. Each line below is one check:
# the program, then the compiler with its flags. Two run at a time.
#   sh tests/modes/run.sh              all
#   sh tests/modes/run.sh PATTERN      those whose line matches
#   INLAY_MATRIX=full                  the twins of other compilers and linkers, too
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
# shellcheck source=tests/lines.sh
. tests/lines.sh
# Checks work in folders of their own and see the checkout as "tree", without the spaces that its path may have.
here=tree/tests/modes
include=tree/include
eval "$(sh tools/compilers shell)"
base="-std=c++20 -Wall -Wextra -mno-red-zone -I$include"

list() {
    # Additions of the assembler or the compiler: padding of branches, Intel's syntax, instrumentation.
    cat <<END
matrix $gcc -O2 -masm=intel
matrix $clang -O2 -masm=intel
matrix $gcc -O2 -Wa,-mbranches-within-32B-boundaries
full matrix $clang_oldest -O2 -mbranches-within-32B-boundaries
operands $gcc -O0 -finstrument-functions
full operands $gcc -O2 -finstrument-functions
full operands $gcc -O0 -fsanitize-coverage=trace-pc
operands $gcc -O2 -fsanitize-coverage=trace-pc
full operands $clang -O2 -finstrument-functions
full operands $clang_oldest -O2 -fsanitize-coverage=trace-pc
operands $clang -O0 -fsanitize-coverage=trace-pc
operands $gcc -O0 -fsanitize=thread
operands $gcc -O0 -fsanitize=undefined -fno-sanitize-recover
operands $clang -O0 -fsanitize=undefined -fno-sanitize-recover=all
matrix $clang -O1 -fsanitize=memory
matrix $clang -O1 -fsanitize=function -fno-sanitize-recover
matrix $clang -O2 -mllvm -enable-merge-functions
matrix $clang -O2 -fsanitize=kcfi
matrix $clang -O0 -fsanitize=kcfi
matrix $clang -O2 -flto -fvisibility=hidden -fsanitize=cfi-icall -fuse-ld=lld -DTHROUGH_TABLES
statics $clang -O2 -flto -fvisibility=hidden -fsanitize=cfi -fuse-ld=lld
large $gcc -mcmodel=large
large $clang -mcmodel=large
large $gcc -mcmodel=medium
full large $gcc -mcmodel=medium -fno-pie -no-pie
large $clang -mcmodel=medium
hardened $clang -mspeculative-load-hardening
matrix $clang -O0 -fno-asynchronous-unwind-tables
full matrix $gcc -O2 -fno-asynchronous-unwind-tables
END
    # Code that linkers merge, fold and move.
    cat <<END
full statics $gcc -O2
statics $gcc -O2 -flto
full statics $gcc -O2 -flto -flto-partition=none
statics $clang_oldest -O2 -flto -fuse-ld=lld
statics $clang -O2 -flto=thin -fuse-ld=lld
matrix $gcc -O1 -flto
matrix $gcc -O2 -ffunction-sections -fuse-ld=mold -Wl,--icf=all
full matrix $clang -O2 -ffunction-sections -fuse-ld=mold -Wl,--icf=safe -Wl,--gc-sections
matrix $clang -O2 -ffunction-sections -fuse-ld=lld -Wl,--icf=all -Wl,--gc-sections
full matrix $gcc -O2 -ffunction-sections -fuse-ld=gold -Wl,--icf=all
matrix $clang -O2 -ffunction-sections -fuse-ld=lld -Wl,--shuffle-sections=*=7
full matrix $gcc -O2 -ffunction-sections -fuse-ld=mold -Wl,--shuffle-sections=7
ordered $gcc -O2 -ffunction-sections -fuse-ld=gold --section-ordering-file
ordered $clang -O2 -ffunction-sections -fuse-ld=lld --symbol-ordering-file
folding $gcc -O2 -ffunction-sections -fuse-ld=lld -Wl,--icf=all
folding $clang -O2 -ffunction-sections -fuse-ld=lld -Wl,--icf=safe
full folding $clang -O2 -ffunction-sections -flto -fuse-ld=lld -Wl,--icf=all
folding $gcc -O2 -ffunction-sections -fuse-ld=gold -Wl,--icf=all
full folding $gcc -O2 -ffunction-sections -fuse-ld=gold -Wl,--icf=safe
folding $gcc -O2 -ffunction-sections -fuse-ld=mold -Wl,--icf=all
full folding $clang_oldest -O2 -ffunction-sections -fuse-ld=mold -Wl,--icf=safe
folding $clang -O2 -mllvm -enable-merge-functions
scripts $gcc -O2 -ffunction-sections
full scripts $clang -O2 -ffunction-sections
relocatable $gcc -O2
full relocatable $clang -O2
assembly $gcc -O2
assembly $clang -O2
dead $gcc -O2 -ffunction-sections
full dead $clang -O2 -ffunction-sections
END
    # Unwinding, the stack's alignment, wide registers, mitigations.
    cat <<END
unwinding $gcc -O2
full unwinding $gcc -O0
unwinding $gcc -O2 -fomit-frame-pointer -fno-pie -no-pie
full unwinding $clang_oldest -O2
full unwinding $clang_other -O1 -fPIC
unwinding $clang -O2
alignment $gcc -O2 -flto
full alignment $gcc -O1 -flto -fomit-frame-pointer
alignment $gcc -O2 -fwhole-program -fomit-frame-pointer
alignment $clang -O2 -flto -fuse-ld=lld -fomit-frame-pointer
wide $gcc -O2
wide $gcc -O0
full wide $clang_oldest -O2
wide $clang -O2
wide $gcc -O3 -march=x86-64-v4
tiles $clang -O2
full tiles $clang_oldest -O2
mitigations $gcc -O2
units $gcc -O0
full units $gcc -O3
full units $clang -O0
units $clang -O3
gdb $gcc -O2 -g
full gdb $clang -O2 -g
breakpoints $gcc -O2 -g -no-pie
full breakpoints $clang -O2 -g -no-pie
END
}

matrix() {
    units=
    for unit in checks unit_b unit_c main; do
        "$@" $quiet -I"$include" -c "$here/../matrix/$unit.cpp" -o $unit.o || return 1
        units="$units $unit.o"
    done
    hooks "$@" && "$@" $quiet $units hooks.o -o program && ./program -1
}
# Functions in another order, by a file of sections (gold) or symbols (lld).
ordered() {
    compiler=$1 optimise=$2 sections=$3 linker=$4 option=$5
    units=
    for unit in checks unit_b unit_c main; do
        "$compiler" $base $optimise $sections -c "$here/../matrix/$unit.cpp" -o $unit.o || return 1
        units="$units $unit.o"
    done
    nm $units | awk '$2 ~ /[TtWw]/ { print $3 }' | sort -u | sort -R --random-source="$here/run.sh" >symbols
    case $option in *section*) sed 's/^/.text./' symbols >order ;; *) cp symbols order ;; esac
    "$compiler" $linker -Wl,$option=order $units -o program && ./program -1
}
hooks() {
    case "$*" in
    *instrument* | *coverage*) $1 -O2 -c "$here/hooks.cpp" -o hooks.o ;;
    *) $1 -c -x c++ /dev/null -o hooks.o ;;
    esac
}
# (setarch: ThreadSanitizer wants the address space that it knows.)
operands() { hooks "$@" && "$@" $quiet $base "$here/operands.cpp" hooks.o -o program && setarch -R ./program; }
statics() { "$@" $quiet $base "$here/statics_a.cpp" "$here/statics_b.cpp" -o program && ./program; }
folding() { "$@" $quiet $base "$here/folding.cpp" -o program && ./program; }
alignment() { "$@" $quiet $base "$here/alignment.cpp" -o program && ./program; }
wide() {
    "$@" $quiet $base "$here/wide_registers.cpp" -o program || return 1
    case $* in *march*) grep -q avx512bw /proc/cpuinfo || return 77 ;; esac
    ./program
}
# Few processors have AMX, and QEMU has none: by the instructions. Clang stores three tiles before the site, and loads
# them again.
tiles() {
    "$@" $quiet $base -mamx-tile -mamx-int8 -c "$here/tiles.cpp" -o tiles.o || return 1
    objdump -d --no-show-raw-insn tiles.o >listing
    [ "$(grep -c tilestored listing)" -ge 4 ] && [ "$(grep -c tileloadd listing)" -ge 6 ]
}
unwinding() {
    "$@" $quiet $base "$here/unwinding.cpp" -o program && ./program || return 1
    for thrower in t p k s; do
        ./program $thrower && ./program $thrower patched || return 1
    done
}

# Units for different processors. If the linker may take a function of inlay from the unit for AVX2, the function does
# not use AVX2. The program runs on a processor without AVX2. (Thunks ask the processor before they save wide
# registers.)
units() {
    "$@" $quiet $base -mavx2 -mbmi2 -c "$here/fast_unit.cpp" -o fast.o && "$@" $quiet $base -c "$here/units.cpp" -o rest.o &&
        "$@" -static fast.o rest.o -o program && ./program && qemu-x86_64 -cpu Nehalem ./program || return 1
    nm fast.o | awk '$2 == "W" { print $3 }' | sort >shared
    [ "$(wc -l <shared)" -gt 5 ] && grep -q for_.*avx2 shared || return 1
    objdump -d --no-show-raw-insn fast.o | awk '
        NR == FNR { shared[$1] = 1; next }
        /^[0-9a-f]+ </ { name = $2; gsub(/[<>:]/, "", name) }
        /ymm|\t(v[a-z0-9]+|shlx|shrx|sarx|rorx|bzhi|andn) / && (name in shared) && name ~ /5inlay/ && name !~ /avx2_|registers_to_frame/ { print name, $0; bad = 1 }
        END { exit bad }' shared - || return 1
    while read -r word options; do
        case $*$options in *g++*apx-features*) continue ;; esac # GCC has no macros for them
        # shellcheck disable=SC2086
        "$@" $options -fsyntax-only -x c++ /dev/null 2>/dev/null || continue
        # shellcheck disable=SC2086
        printf '%s\n' '#include <inlay/arch/target.hpp>' INLAY_TARGET |
            "$@" $quiet $base $options -E -P -x c++ - | tail -n 1 | grep -q "_$word" || { echo "no $word for $options"; return 1; }
    done <<'END'
avx512fp16_ -mavx512fp16
avx10_2_ -mavx10.2
apx_ -mapxf
apx_ -mapx-features=egpr
apx_ -mapx-features=ndd
END
}

# gdb finds main() from each instruction of a thunk, a trampoline, and a site that pushes.
gdb() {
    "$@" $quiet $base "$here/unwinding.cpp" -o program || return 1
    cat >step.py <<'END'
import gdb
gdb.execute("set pagination off")
steps = 0
for function in ("uses_thunk", "uses_flags", "uses_pushes", "tail_calls", "uses_dispatch", "uses_operations", "uses_hook"):
    gdb.execute(f"tbreak *(char*)&{function}", to_string=True)
gdb.execute("handle SIGTRAP nostop noprint nopass", to_string=True)
for function in ("uses_thunk", "uses_flags", "uses_pushes", "tail_calls", "uses_dispatch", "uses_operations", "uses_hook"):
    gdb.execute("run x" if steps == 0 else "continue", to_string=True)
    depth = 0
    start = gdb.newest_frame().older().pc()
    while gdb.newest_frame().pc() != start:
        frame, names = gdb.newest_frame(), []
        while frame is not None:
            names.append(frame.name())
            frame = frame.older()
        if "main" not in names:
            print("FAIL: no way to main() from", hex(gdb.newest_frame().pc()), names)
            gdb.execute("kill", to_string=True)
            raise SystemExit(1)
        steps += 1
        gdb.execute("stepi", to_string=True)
print("ok,", steps, "instructions")
END
    command gdb -q -batch -x step.py ./program >out 2>&1
    tail -n 5 out
    grep -q '^ok, [0-9]*[0-9][0-9] instructions' out
}

# A breakpoint on a site of each kind: apply() returns an error with the site's address, and the program still works.
breakpoints() {
    "$@" $quiet $base "$here/breakpoints.cpp" -o program && ./program | grep -q 'apply: no error' || return 1
    for function in alternative_site operation_site call_site tail_site dispatch_site key_site; do
        site=$(objdump -d --no-show-raw-insn -C program | awk -v name="<$function>:" '
            index($0, name) { inside = 1; next }
            inside && /^$/ { exit }
            inside && /\t(call|jmp)/ { sub(":", "", $1); print $1; exit }')
        command gdb -q -batch -ex "break *0x$site" -ex 'break later' -ex run -ex continue -ex "x/i 0x$site" -ex continue ./program >out 2>&1
        if ! grep -q 'apply: the site holds bytes that inlay did not write' out || ! grep -q "site 0x$site\$" out ||
            ! grep -q 'Breakpoint 1,' out || ! grep -q 'results: right' out || ! grep -q 'exited normally' out; then
            echo "$function at $site:"
            cut -c1-150 out
            return 1
        fi
    done
}

# The large model: it works, or one sentence says that it does not.
large() {
    if "$@" $quiet $base -O2 "$here/operands.cpp" -o program >message 2>&1; then ./program; else grep -q 'GCC gives no address' message; fi
}
# Clang does not combine this with asm goto: inlay says so.
hardened() {
    ! "$@" $quiet $base -O2 "$here/operands.cpp" -o program >message 2>&1 && grep -q 'Clang cannot combine' message
}

# A script that puts records elsewhere, or throws them away, does not link; one that gives their symbols does. Without
# sites all of them link. apply() notices symbols that stand before the records, or in another section.
scripts() {
    ld --verbose | sed -n '/^======/,/^======/p' | sed '/^======/d' >plain.ld
    sed 's/\*(\.rodata \.rodata\.\* \.gnu\.linkonce\.r\.\*)/*(.rodata .rodata.* inlay_*)/' plain.ld >swallowing.ld
    sed 's/\/DISCARD\/ : {/\/DISCARD\/ : { *(inlay_*)/' plain.ld >discarding.ld
    python3 - <<'END'
text = open("plain.ld").read()
tables = "".join(f"__start_inlay_{name} = .; KEEP(*(inlay_{name})) __stop_inlay_{name} = .; " for name in ("alternatives", "calls", "keys", "names"))
into_data = lambda text, what: text.replace("  .data           :\n  {", "  .data           :\n  { . = ALIGN(8); " + what)
open("right.ld", "w").write(into_data(text, tables))
open("late.ld", "w").write(into_data(open("swallowing.ld").read(), tables))
symbols = "".join(f"__start_inlay_{name} = .; __stop_inlay_{name} = .; " for name in ("alternatives", "calls", "keys", "names"))
open("early.ld", "w").write(into_data(text, symbols + "*(inlay_*) "))
END
    grep -q '__start_inlay_keys' right.ld && ! cmp -s plain.ld swallowing.ld && ! cmp -s plain.ld discarding.ld || return 1
    for kind in 0 1 2 3 4; do
        "$@" $quiet $base -DKIND=$kind "$here/sites.cpp" -c -o sites.o || return 1
        "$1" sites.o -o program && ./program || return 1
        for script in swallowing discarding; do
            if "$1" sites.o -Wl,-T,$script.ld -o program >message 2>&1; then
                echo "kind $kind links with a $script script"
                return 1
            fi
            grep -q 'undefined reference to .__start_inlay_' message || { head -n 3 message; return 1; }
        done
        "$1" sites.o -Wl,-T,right.ld -o program && ./program || return 1
        for script in early late; do
            "$1" sites.o -Wl,-T,$script.ld -o program || return 1
            ./program >message && return 1
            grep -q 'sets its symbols where the records are not' message || { cat message; return 1; }
        done
    done
    echo 'int main() { return inlay::apply() ? 0 : 1; }' | "$@" $quiet $base -include inlay/inlay.hpp -x c++ - -c -o none.o || return 1
    for script in plain swallowing; do
        "$1" none.o -Wl,-T,$script.ld -o program && ./program || return 1
    done
}

# A module is linked again when it is loaded: only the symbols that it calls may be missing.
relocatable() {
    for kind in 0 1 2 3 4; do
        "$@" $quiet $base -DKIND=$kind -DDEAD -DINLAY_RELOCATABLE "$here/sites.cpp" -c -o sites.o && ld -r sites.o -o module.o || return 1
        nm module.o | grep -q 'U __start_' && return 1
        "$@" $quiet $base -DKIND=$kind -DDEAD "$here/sites.cpp" -c -o sites.o && nm sites.o | grep -q 'U __start_inlay' || return 1
    done
}

# The same for a file of assembly.
assembly() {
    cat >entry.S <<'END'
#include <inlay/asm.h>
	.section .text.first, "ax", @progbits
	.globl first
first:
	ALTERNATIVE "mov $1, %eax", "mov $2, %eax", predicate_x
	ret
	.section .text.second, "ax", @progbits
	.globl second
second:
	ALTERNATIVE "mov $1, %eax", "mov $3, %eax", predicate_x
	ret
	.section .note.GNU-stack, "", @progbits
END
    cat >main.cpp <<'END'
#include <inlay/inlay.hpp>
extern "C" [[gnu::visibility("hidden")]] const inlay::table::predicate_node predicate_x;
inline constexpr inlay::feature<"assembly.x", inlay::by_hand{}> x;
extern "C" int first();
extern "C" int second();
int main() {
    inlay::name_for_assembly<&predicate_x, x>();
    const bool before = first() == 1 && second() == 1;
    inlay::set(x, true);
    return inlay::apply() && before && first() == 2 && second() == 3 ? 0 : 1;
}
END
    "$1" -I"$include" -c entry.S -o entry.o && "$@" $quiet $base -c main.cpp -o main.o || return 1
    for linker in $linkers; do
        icf=; case $linker in bfd) ;; *) icf=-Wl,--icf=all ;; esac
        "$1" main.o entry.o -fuse-ld=$linker $icf -o program && ./program || { echo "$linker"; return 1; }
    done
    ld --verbose | sed -n '/^======/,/^======/p' | sed '/^======/d' |
        sed 's/\*(\.rodata \.rodata\.\* \.gnu\.linkonce\.r\.\*)/*(.rodata .rodata.* inlay_*)/' >swallowing.ld
    if "$1" main.o entry.o -Wl,-T,swallowing.ld -o program >message 2>&1; then return 1; fi
    grep -q 'undefined reference to .__start_inlay_alternatives' message
}

# Sites in functions that a linker collects leave nothing, and the program still links.
dead() {
    for kind in 0 1 2 3 4; do
        "$@" $quiet $base -DKIND=$kind -DDEAD "$here/sites.cpp" -c -o sites.o || return 1
        for linker in $linkers; do
            "$1" sites.o -fuse-ld=$linker -Wl,--gc-sections -o program || return 1
            case $linker in lld) ./program || { echo "$linker, kind $kind: records of dead functions"; return 1; } ;; esac
        done
    done
}

# Kernels with mitigations: no jump through memory and no return of inlay's own but by the thunks.
mitigations() {
    "$@" $quiet $base -mindirect-branch=thunk-extern -mfunction-return=thunk-extern -fcf-protection=none \
        -DINLAY_INDIRECT_THUNK_R11=__x86_indirect_thunk_r11 -DINLAY_RETURN_THUNK=__x86_return_thunk \
        "$here/operands.cpp" "$here/thunks.S" -o program && ./program || return 1
    "$@" $quiet $base -mindirect-branch=thunk-extern -mfunction-return=thunk-extern -fcf-protection=none \
        -DINLAY_INDIRECT_THUNK_R11=__x86_indirect_thunk_r11 -DINLAY_RETURN_THUNK=__x86_return_thunk \
        -DKIND=2 "$here/sites.cpp" "$here/thunks.S" -o program && ./program || return 1
    objdump -d --no-show-raw-insn -C program |
        awk '/^[0-9a-f]+ </ { name = $0 } /\t(ret|jmp +\*)/ && name ~ /inlay/ { print name, $0; bad = 1 } END { exit bad }'
}

if [ "${1:-}" = --one ]; then
    shift
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cd "$work" && ln -s "$root" tree || exit 1
    program=$1
    shift
    case $1 in clang*) quiet="-Wno-unused-command-line-argument" ;; *) quiet= ;; esac
    case $program in matrix) set -- "$@" -std=c++20 -Wall -Wextra ;; esac
    command -v "$1" >/dev/null || { echo "skip $program $*: no such compiler"; exit 0; }
    linkers=
    for linker in bfd gold lld mold; do
        if command -v ld.$linker >/dev/null; then
            linkers="$linkers $linker"
        else
            case " $* " in *" -fuse-ld=$linker "*) echo "skip $program $*: no ld.$linker here"; exit 0 ;; esac
        fi
    done
    $program "$@" >log 2>&1
    status=$?
    case $status in
    0) echo "ok   $program $*" ;;
    77) echo "skip $program $*: not on this processor" ;;
    *)
        echo "FAIL $program $*"
        head -n 15 log | cut -c1-300 | sed 's/^/     /'
        ;;
    esac
    exit 0
fi

run_lines modes tests/modes/run.sh "${1:-}"
