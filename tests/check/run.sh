#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The program `inlay`: wrong objects, one for each rule, and their twins; programs and libraries of all architectures
# (kernels: in their own parts); readelf and objdump beside it; rewritten files; many sites; inlay_check() in CMake; the
# page in a browser; help, man page, completion, statuses.   sh tests/check/run.sh [CHECK...]
set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/check
eval "$(sh tools/compilers shell)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. tests/checks.sh
# shellcheck source=tests/inlay_tool.sh
. tests/inlay_tool.sh
built=$BUILD/check
flags="-std=c++20 -O2 -g -Iinclude"

# says STATUS PATTERN COMMAND...: the command's status, and a line of its output
says() {
    status=$1
    pattern=$2
    shift 2
    "$@" >"$work/log" 2>&1
    said=$?
    [ $said = "$status" ] && grep -qE -- "$pattern" "$work/log"
    result $? "status $said, and should be $status with '$pattern': $*"
}

# The program was built by the first GCC. (Code of its headers by Clang: the fuzz target.)
by_clang() {
    for each in tools/inlay/*.cpp; do
        # shellcheck disable=SC2086
        works "$each by $clang" $clang -std=c++20 $warnings -Iinclude -I"$built/tools/inlay" -fsyntax-only "$each"
    done
}
corpus() { works "wrong objects and their twins" python3 $here/corpus.py "$inlay"; }
code_rules() { works "code that breaks a rule, and its twins" python3 $here/code_rules.py "$inlay" "$gcc" "$clang"; }

# Each program is proven, and readelf and objdump see the same sites.
proven() { # PROGRAM [PREFIX-]
    says 0 "sites proven" "$inlay" check "$1"
    works "readelf and objdump agree" python3 $here/agree.py "$inlay" "$@"
}
programs() {
    for each in "$gcc" "$clang" "$gcc -no-pie -fno-pie" "$clang -fcf-protection=full -ffunction-sections -Wl,--gc-sections"; do
        # shellcheck disable=SC2086
        works "a program by $each" $each $flags $here/sites.cpp -o "$work/program"
        proven "$work/program"
    done
    for each in --strip-all --discard-all; do # the rules that know functions by their names are not checked in silence
        strip $each -o "$work/stripped" "$work/program"
        says 0 "note: the file does not name its functions.*\[patcher\]" "$inlay" check "$work/stripped"
        says 0 "sites proven.*, without the rules entry, note and patcher$" "$inlay" check "$work/stripped"
    done
    # shellcheck disable=SC2086
    works "a library" $gcc $flags -fPIC -shared $here/sites.cpp -o "$work/library.so"
    proven "$work/library.so"
    for each in "i686-linux-gnu-g++ -fno-pic -fno-pie -no-pie:i686-linux-gnu-" aarch64-linux-gnu-g++:aarch64-linux-gnu-; do
        command -v "${each%%[ :]*}" >/dev/null || { echo "no ${each%%[ :]*} here"; continue; }
        # shellcheck disable=SC2086
        works "a program by ${each%%:*}" ${each%%:*} $flags $here/sites.cpp -o "$work/program"
        proven "$work/program" "${each#*:}"
    done
    # Objects, before they are linked.
    for each in "$gcc" "$clang -fPIC -ffunction-sections" "i686-linux-gnu-g++ -fno-pic -fno-pie" aarch64-linux-gnu-g++; do
        command -v "${each%% *}" >/dev/null || { echo "no ${each%% *} here"; continue; }
        # shellcheck disable=SC2086
        works "an object by $each" $each $flags -c $here/sites.cpp -o "$work/object.o"
        says 0 "1[23] sites proven, 3 calls found, 0 missed" "$inlay" check "$work/object.o"
    done
    # Jump tables: each is followed.
    for each in "$gcc -O0" "$gcc -O2" "$gcc -Os -fPIC" "$gcc -O2 -fno-pie -fcf-protection=full" "$clang -O0" "$clang -O2" \
        "$clang -Os -fPIC" "$clang -O2 -fno-pie" "i686-linux-gnu-g++ -O2 -fno-pic -fno-pie" "i686-linux-gnu-g++ -O0 -fno-pic -fno-pie" \
        "aarch64-linux-gnu-g++ -O2" "aarch64-linux-gnu-g++ -O0 -fPIC"; do
        command -v "${each%% *}" >/dev/null || { echo "no ${each%% *} here"; continue; }
        # shellcheck disable=SC2086
        works "switches by $each" $each -std=c++20 -Iinclude -c $here/switches.cpp -o "$work/object.o"
        case $each in aarch64*) objdump=aarch64-linux-gnu-objdump ;; *) objdump=objdump ;; esac
        $objdump -d "$work/object.o" | grep -qE '[[:space:]](jmp +\*|br[[:space:]]x)'
        result $? "$each makes no jump table"
        says 0 "^[^:]*object.o: [0-9]+ sites proven$" "$inlay" check "$work/object.o"
        ! grep -q "are not known" "$work/log"
        result $? "a jump table by $each is not followed"
    done
    # Tables of another version, in an object and in a program.
    # shellcheck disable=SC2086
    works "an object" $gcc $flags -c $here/sites.cpp -o "$work/object.o"
    # shellcheck disable=SC2086
    works "a program" $gcc $flags $here/sites.cpp -o "$work/program"
    for each in object.o program; do
        works "another version in its note" python3 - "$work/$each" <<'END'
import re, sys
data = open(sys.argv[1], "rb").read()
note = re.search(rb"\x06\0\0\0\x08\0\0\0(.\0\0\0)inlay\0", data, re.S)
open(sys.argv[1], "wb").write(data[:note.start(1)] + b"\x63\0\0\0" + data[note.end(1):])
END
        says 2 "its tables are of version 99" "$inlay" check "$work/$each"
    done
    # Without optimisation, calls go through registers: they stay indirect, and the checker says so.
    # shellcheck disable=SC2086
    works "without optimisation" $gcc -std=c++20 -O0 -Iinclude $here/sites.cpp -o "$work/program"
    says 0 "warning: static call .*\[missed\]" "$inlay" check "$work/program"
    says 1 "warning: static call .*\[missed\]" "$inlay" check --strict "$work/program"
}

# Files that other tools have rewritten.
rewritten() {
    # shellcheck disable=SC2086
    works "a program" $gcc $flags -Wl,--emit-relocs tests/tools/everything.cpp -o "$work/program"
    objcopy -R .note.inlay "$work/program" "$work/no_note"
    says 1 "no note of inlay.*\[note\]" "$inlay" check "$work/no_note"
    bolt=llvm-bolt-${clang#clang++-}
    if command -v "$bolt" >/dev/null; then
        works "llvm-bolt" "$bolt" "$work/program" -o "$work/bolted"
        says 1 "rewritten after linking.*\[moved\]" "$inlay" check "$work/bolted"
    fi
    # A site whose bytes were changed: the first nop of the first alternative becomes int3.
    printf '#!/bin/sh\nexit 0\n' >"$work/script"
    says 2 "it is no ELF file" "$inlay" check "$work/script"
    says 2 "cannot be read" "$inlay" check "$work/nothing"
    head -c 2000 "$work/program" >"$work/cut"
    says 2 "truncated or damaged" "$inlay" check "$work/cut"
    says 2 "has no tables of inlay" "$inlay" check /bin/true
}

# 100,000 sites in less than 300 MB, and no more than linear work: ten times the sites take less than 25 times as long.
many() {
    for count in 10000 100000; do
        python3 $here/many.py $count >"$work/many.S"
        works "$count sites" "$gcc" -I $here -nostdlib -static -no-pie -Wl,-e,function_0 "$work/many.S" -o "$work/many_$count"
    done
    works "much memory, or more than linear work" python3 - "$inlay" "$work" <<'END'
import os, resource, subprocess, sys
def seconds(count):
    best = 1e9
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.argv[1], "check", "%s/many_%d" % (sys.argv[2], count)], capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0 and "%d sites proven" % count in done.stdout, done.stdout + done.stderr
        best = min(best, after.ru_utime - before.ru_utime)
    return best, after.ru_maxrss
few, _ = seconds(10000)
much, memory = seconds(100000)
print("%.2f s and %.2f s, %d MB" % (few, much, memory // 1024))
sys.exit(memory > 300 * 1024 or much > 25 * max(few, 0.02))
END
}

# inlay_check() stops a build, in a compiler's words.
in_cmake() {
    # As a part of the user's build it would be built once more: with INLAY_SOAK=1.
    for by in installed ${INLAY_SOAK:+added}; do
        if [ "$by" = installed ]; then
            works "install" cmake --install "$built" --prefix "$work/prefix"
            set -- -DCMAKE_PREFIX_PATH="$work/prefix"
            for file in bin/inlay share/man/man1/inlay.1 share/bash-completion/completions/inlay; do
                [ -f "$work/prefix/$file" ]
                result $? "install: no $file"
            done
        else
            set -- -DINLAY_SOURCE="$PWD" -DINLAY_TOOLS=ON
        fi
        works "configure, $by" cmake --fresh -S $here/consumer -B "$work/consumer" -G Ninja "$@"
        works "a good program, $by" cmake --build "$work/consumer" --target good
        says 1 "wrong.S:[0-9]+: error: alternative: its site begins inside an instruction \[boundary\]" \
            cmake --build "$work/consumer" --target wrong
        says 1 "wrong.S:[0-9]+: error" cmake --build "$work/consumer" --target wrong # and again
    done
    command -v inlay >/dev/null || says 1 "inlay_check\(good\) needs the program inlay" cmake --fresh -S $here/consumer \
        -B "$work/consumer" -G Ninja -DINLAY_SOURCE="$PWD" -DINLAY_TOOLS=OFF
    says 0 "no program inlay, which needs .*fmt" cmake --fresh -S . -B "$work/auto" -G Ninja -DINLAY_TOOLS=AUTO \
        -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON
    says 1 "INLAY_TOOLS=ON needs .*fmt" cmake --fresh -S . -B "$work/auto" -G Ninja -DINLAY_TOOLS=ON \
        -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON
}

show() {
    # shellcheck disable=SC2086
    works "a program" $gcc $flags $here/sites.cpp -o "$work/program"
    says 0 "after +avx2 .*mov eax, 0x2" "$inlay" show --cpu=avx2 "$work/program"
    says 0 "after +sse2 .*mov eax, 0x1" "$inlay" show --cpu=x86-64 "$work/program"
    says 0 "inlay: sites on the CPU this" "$inlay" show --cpu=native "$work/program"
    says 2 "unknown feature \"nonsense\": inlay show --cpus lists" "$inlay" show --cpu=nonsense "$work/program"
    # Models of QEMU, whose table is compared with the installed QEMU.
    says 0 "after +sse2 .*mov eax, 0x1" "$inlay" show --cpu=Nehalem "$work/program"
    says 0 "after +avx2 .*mov eax, 0x2" "$inlay" show --cpu=Haswell-v4 "$work/program"
    says 0 "after +avx2 .*mov eax, 0x2" "$inlay" show --cpu=EPYC-Rome "$work/program"
    says 0 "after +sse2 .*mov eax, 0x1" "$inlay" show --cpu=Haswell-v4,-avx2 "$work/program"
    says 2 "\"Hasswell\": close names: Haswell$" "$inlay" show --cpu=Hasswell "$work/program"
    says 2 "\"skylake\": close names: Skylake-Client, " "$inlay" show --cpu=skylake "$work/program"
    says 2 "\"neoverse-n1\": QEMU has it as a model of AArch64$" "$inlay" show --cpu=neoverse-n1 "$work/program"
    says 0 "^neoverse-n1$" "$inlay" show --cpus
    works "an AArch64 program" aarch64-linux-gnu-g++ -std=c++20 -O2 -Iinclude $here/sites.cpp -o "$work/aarch64"
    says 0 "after +crc32 .*movz? w0, #(0x)?1" "$inlay" show --cpu=cortex-a53 "$work/aarch64"
    says 0 "after +crc32 .*movz? w0, #(0x)?1" "$inlay" show --cpu=neoverse-n1 "$work/aarch64"
    says 0 "after +sve2 .*movz? w0, #(0x)?2" "$inlay" show --cpu=max "$work/aarch64"
    says 2 "\"Haswell\": QEMU has it as a model of x86$" "$inlay" show --cpu=Haswell "$work/aarch64"
    works "the models are those of QEMU" python3 tools/cpu_models.py --check
    cat "$work/log"
    says 2 "cannot be written" "$inlay" show -o /dev/full "$work/program"
    works "JSON" sh -c '"$1" show --format=json "$2" | python3 -m json.tool' - "$inlay" "$work/program"
    works "the page" "$inlay" show --cpu=avx2 --format=html -o "$work/page.html" "$work/program"
    ! grep -qE '(src|href)=' "$work/page.html"
    result $? "the page needs other files"
    works "the page in a browser" python3 $here/page.py "$work/page.html"
}

# Damaged files: mutated programs and objects. An input takes at most 5 seconds, and 1 GB.
fuzz() {
    seconds=20
    [ "${INLAY_SOAK:-}" = 1 ] && seconds=600
    mkdir "$work/seeds" "$work/corpus"
    # Fewer, to have seeds: the rules, and jump tables of each machine.
    INLAY_KEEP="$work/seeds" python3 $here/corpus.py "$inlay" $here/corpus/[a-f]*.S $here/corpus/*table*.S >"$work/log"
    # shellcheck disable=SC2086
    works "the fuzz target" $clang -std=c++20 -O1 -g1 $warnings -Iinclude -fsanitize=fuzzer,address,undefined \
        -fno-sanitize-recover=all tests/fuzz/fuzz_check.cpp -o "$work/fuzz_check" -lZydis -ldw -lelf -lcapstone
    for each in tests/fuzz/damaged/*; do # inputs that were found once
        [ ! -f "$each" ] || works "a damaged file of before" "$work/fuzz_check" -rss_limit_mb=1024 -timeout=5 "$each"
    done
    works "damaged files" "$work/fuzz_check" -max_total_time=$seconds -rss_limit_mb=1024 -timeout=5 -max_len=20000 \
        -print_final_stats=1 "$work/corpus" "$work/seeds"
    sed -n 's/^stat::number_of_executed_units: */damaged files of libFuzzer: /p' "$work/log"
    if command -v afl-clang-fast++ >/dev/null; then by_afl; else result 1 "no afl-clang-fast++ here (package afl++)"; fi
    # The program itself, with the libraries that look up lines of source.
    works "damaged files for the program" python3 $here/mutate.py "$inlay" $seconds "$work"/seeds/*
}
by_afl() {
    # shellcheck disable=SC2086
    works "the target of AFL++" env AFL_QUIET=1 afl-clang-fast++ -std=c++20 -O1 -g1 -Iinclude -fsanitize=fuzzer \
        tests/fuzz/fuzz_check.cpp -o "$work/afl_check" -lZydis -ldw -lelf -lcapstone
    works "damaged files of AFL++" env AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_FAST_CAL=1 \
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 afl-fuzz -V $seconds -t 5000 -m none -G 20000 -i "$work/seeds" \
        -o "$work/afl" -- "$work/afl_check"
    for each in "$work"/afl/default/crashes/id* "$work"/afl/default/hangs/id*; do
        [ ! -f "$each" ] || { cp "$each" "$BUILD/"; result 1 "AFL++ found $BUILD/$(basename "$each")"; }
    done
    executed=$(sed -n 's/^execs_done *: *//p' "$work/afl/default/fuzzer_stats")
    [ "${executed:-0}" -gt 100 ]
    result $? "AFL++ executed ${executed:-nothing}"
    echo "damaged files of AFL++: $executed"
}

interface() {
    says 0 "^ +check " "$inlay" --help
    says 0 "^inlay [0-9.]+$" "$inlay" --version
    says 2 "required" "$inlay"
    says 2 "required" "$inlay" check
    says 2 "nonsense" "$inlay" check --nonsense x
    for each in check show attest orc; do
        "$inlay" $each --help >"$work/help"
        for option in $(grep -oE -- '^ +-[-a-z,]+' "$work/help" | tr ',' '\n' | tr -d ' '); do
            sed 's/\\-/-/g' tools/inlay/inlay.1 | grep -qF -- "$option"
            result $? "the man page has no $option of $each"
        done
    done
    works "the man page" sh -c 'test -z "$(man --warnings -l tools/inlay/inlay.1 2>&1 >/dev/null)"'
    works "completion" env PATH="$(dirname "$inlay"):$PATH" bash -c '. tools/inlay/inlay.bash
        COMP_WORDS=(inlay ch) COMP_CWORD=1 && _inlay && [ "${COMPREPLY[*]}" = check ] &&
        COMP_WORDS=(inlay check --ret) COMP_CWORD=2 && _inlay && [ "${COMPREPLY[*]}" = --retpoline ]'
    # Colours on a terminal only.
    "$inlay" check /bin/true 2>&1 | grep -q "$(printf '\033')"
    [ $? = 1 ]
    result $? "colours without a terminal"
    works "colours on a terminal" python3 - "$inlay" "$work" <<'END'
import os, pty, subprocess, sys
def said(**more):
    parent, child = pty.openpty()
    subprocess.run([sys.argv[1], "check", "--strict", sys.argv[2] + "/unoptimised"], stderr=child, stdout=child,
                   env={**os.environ, "TERM": "xterm", **more})
    os.close(child)
    text = b""
    try:
        while part := os.read(parent, 65536):
            text += part
    except OSError:
        pass
    return text
assert b"\x1b[1;35mwarning:" in said(), said()
assert b"\x1b[1;35m" not in said(NO_COLOR="1")
assert b"\x1b[1;35m" not in said(TERM="dumb")
END
}

for one in ${*:-by_clang corpus code_rules programs rewritten many in_cmake show fuzz interface}; do
    # shellcheck disable=SC2086
    [ "$one" != interface ] || $gcc -std=c++20 -O0 -Iinclude $here/sites.cpp -o "$work/unoptimised"
    case $one in
    by_clang | corpus | code_rules | programs | rewritten | many | in_cmake | show | fuzz | interface) $one ;;
    *) echo "no such check: $one"; exit 2 ;;
    esac
    echo "check: $one: $passed passed, $failed failed so far"
done
echo "check: $passed passed, $failed failed: the checker, the page, and the program inlay"
[ $failed = 0 ] && [ $passed -gt 0 ]
