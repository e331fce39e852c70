#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Tests of the benchmarks' figures, without measuring times. Every core must execute the chains that the benchmarks
# measure and calibrate by. bench/run.sh must keep results that it does not measure. It must refuse results that
# contradict themselves.
#   sh tests/figures/run.sh [COMPILER]
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
compiler=${1:-$(sh "$root/tools/compilers" gcc)}
work=$(mktemp -d)
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0
check() { # WHAT STATUS [FILE]: with FILE's end if it failed
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: figures: $1"
        [ -z "${3:-}" ] || tail -n 20 "$3"
    fi
}
says() { # FILE TEXT...: each text is in it
    file=$1
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || { echo "it does not say: $text"; return 1; }
    done
}

# A source archive in a folder with a space, without git.
copy="$work/a copy"
mkdir "$copy"
tar -C "$root" --exclude=./.git --exclude=./build --exclude='./build-*' --exclude=__pycache__ -cf - . | tar -C "$copy" -xf -

# ---- Chains ------------------------------------------------------------------------------------------------

built="$work/a build"
{
    cmake -S "$copy" -B "$built" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" -DINLAY_TESTS=OFF \
        -DINLAY_EXAMPLES=OFF -DINLAY_BENCH=ON -DINLAY_BENCH_COPIES=1 &&
        cmake --build "$built" --target dispatch first_look
} >"$work/log" 2>&1
check "the benchmarks build in a folder with a space" $? "$work/log"
"$built/bench/dispatch/dispatch" --check >"$work/log" 2>&1
check "the instructions of dispatch's forms match their names" $? "$work/log"
# The functions that first_look calls: one rotation each, and no addition.
objdump -d --no-show-raw-insn -C "$built/bench/first_look" |
    awk '/^[0-9a-f]+ <.*::(callee|other)\(/ { name = $0; rotations = additions = 0; found++ }
         name && $2 ~ /^ro[rl]x?$/ { rotations++ }
         name && $2 ~ /^(add|sub|inc|dec|lea)/ { additions++ }
         name && $2 ~ /^ret/ { bad += rotations != 1 || additions != 0; name = "" }
         END { exit found != 2 || bad != 0 }'
check "first_look's chains are rotations" $?

# Each of these is found.
mutation() { # FILE FROM TO SAID
    cp "$copy/bench/$1" "$work/original"
    sed "s/$2/$3/" "$work/original" >"$copy/bench/$1"
    if cmp -s "$work/original" "$copy/bench/$1"; then
        check "the mutation of $1 changes nothing" 1
    else
        cmake --build "$built" --target dispatch >"$work/log" 2>&1
        check "the mutation of $1 builds" $? "$work/log"
        "$built/bench/dispatch/dispatch" --check >"$work/log" 2>&1
        [ $? = 1 ] && says "$work/log" "$4"
        check "an addition in $1 is not found" $? "$work/log"
    fi
    cp "$work/original" "$copy/bench/$1"
}
mutation dispatch/targets.cpp 'number callee(number x) { return .*; }' 'number callee(number x) { return x + 1; }' 'additions of a constant'
mutation dispatch/keys.cpp 'opaque<0>(.*); }' 'opaque<0>(x - 1); }' 'no question: '
mutation by_hand.hpp 'ror \$13, %0' 'add $1, %0' "the clock's chain has"

# ---- bench/run.sh ------------------------------------------------------------------------------------------

cd "$copy" || exit 1
sh bench/run.sh --help >"$work/log" 2>&1 && says "$work/log" dispatch apply updates size compile CXX= BUILD= FIGURES=
check "--help" $? "$work/log"
sh bench/run.sh dispatch sise >"$work/log" 2>&1
[ $? = 2 ] && says "$work/log" "no such part: sise" && ! grep -q building "$work/log"
check "a mistyped part is found first" $? "$work/log"
FIGURES=/proc/figures BUILD="$work/b" sh bench/run.sh size >"$work/log" 2>&1
[ $? = 2 ] && says "$work/log" "/proc/figures cannot be written" FIGURES= && ! grep -q measuring "$work/log"
check "a folder that cannot be written is found first" $? "$work/log"

# A user without write access to the checkout measures one part.
mkdir "$work/build folder" "$work/figures folder"
chmod -R a-w,a+rX "$copy"
chmod 755 "$work"
as_user=
if [ "$(id -u)" = 0 ]; then
    chown 65534:65534 "$work/build folder" "$work/figures folder"
    as_user="setpriv --reuid=65534 --regid=65534 --clear-groups"
fi
$as_user env HOME=/nonexistent BUILD="$work/build folder" FIGURES="$work/figures folder" CXX="$compiler" PYTHONDONTWRITEBYTECODE=1 \
    sh bench/run.sh size >"$work/log" 2>&1
check "bench/run.sh size, read-only, without rights" $? "$work/log"
figures="$work/figures folder"
for published in docs/figures/*/README.md; do
    machine=$(basename "$(dirname "$published")")
    [ -f "$figures/$machine/size.json" ] && ! cmp -s "$figures/$machine/size.json" "docs/figures/$machine/size.json" && continue # this one
    cmp "$published" "$figures/$machine/README.md" >"$work/log" 2>&1
    check "the page of $machine stays" $? "$work/log"
    says "$figures/README.md" "[$machine]($machine/README.md)" >"$work/log"
    check "$machine is among the machines" $? "$work/log"
done
says "$figures/README.md" "## Aims" "## 64 sites, warm" "## apply()" "record of a call" >"$work/log"
check "the overview has all parts" $? "$work/log"

# This machine has all parts published, and measures one: the other sections stay, line by line.
measured="$work/build folder/bench/measured"
this=$(for each in "$figures"/*/; do cmp -s "$each/size.json" "$measured/size.json" && basename "$each"; done)
[ -n "$this" ]
check "this machine has its folder" $?
full="$work/full"
mkdir -p "$full/$this"
for each in docs/figures/amd-epyc-25-1/*.json; do cp "$each" "$full/$this/"; done
chmod -R u+w "$full"
bench/figures.py "$full" >"$work/log" 2>&1
check "pages are made anew" $? "$work/log"
sections() { awk '/^## / { keep = $0 !~ /^## (Aims|Size)/ } keep' "$1"; }
sections "$full/$this/README.md" >"$work/before"
lines=$(wc -l <"$full/$this/README.md")
bench/figures.py "$measured" "$full" >"$work/log" 2>&1
check "a part is taken" $? "$work/log"
sections "$full/$this/README.md" >"$work/after"
cmp "$work/before" "$work/after" >"$work/log" 2>&1 && [ "$(wc -l <"$work/before")" -gt 500 ]
check "sections that were not measured stay ($lines lines before, $(wc -l <"$full/$this/README.md") after)" $? "$work/log"
cmp -s "$full/$this/size.json" "$measured/size.json"
check "the section that was measured is the new one" $?

# Results that contradict themselves: refused with a reason and an advice, status 1, and the others are written.
as_published() { # FILE of this machine: the published one, or none
    if [ -f "docs/figures/$this/$1" ]; then cmp -s "docs/figures/$this/$1" "$work/out/$this/$1"; else [ ! -f "$work/out/$this/$1" ]; fi
}
refused() { # WHAT CHANGE SAID...: CHANGE is Python, of `one`
    what=$1 change=$2
    shift 2
    rm -rf "$work/bad" "$work/out/$this"
    mkdir "$work/bad"
    cp "$measured/size.json" "$work/bad/"
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 - "$work/bad" "$measured" "$change" <<'PYTHON'
import json, pathlib, sys
bad, measured, change = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
one = json.loads(pathlib.Path("docs/figures/amd-epyc-25-1/dispatch-g++-12.json").read_text())
one["context"]["processor"] = json.loads((measured / "size.json").read_text())["context"]["processor"]
all = one["repetitions"]
exec(change)
(bad / "dispatch-g++-12.json").write_text(json.dumps(one))
PYTHON
    bench/figures.py "$work/bad" "$work/out" >"$work/log" 2>&1
    status=$?
    if [ -n "$*" ]; then
        [ $status = 1 ] && says "$work/log" "REFUSED: dispatch, g++-12: " "$@" && as_published dispatch-g++-12.json
    else
        [ $status = 0 ] && [ -f "$work/out/$this/dispatch-g++-12.json" ]
    fi && cmp -s "$work/out/$this/size.json" "$measured/size.json"
    check "refused: $what" $? "$work/log"
}
refused "what is right is taken" ""
refused "folded steps" 'all["no question/dependent/64/warm"] = [0.28] * 101' "a rotation takes 0.28 cycles" "lscpu"
refused "a slow step" 'all["no question/dependent/64/warm"] = [1.8] * 101' "a rotation takes 1.80 cycles" "leave it alone"
refused "two equal forms" 'all["direct, again/dependent/64/warm"] = [9.0] * 101' "two forms of the same instructions" "leave it alone"
refused "few repetitions" 'all["virtual/dependent/64/warm"] = [4.0] * 5' "5 repetitions of virtual/dependent/64/warm; 30" "leave it alone"
refused "an emulator" 'one["context"]["emulator"] = "QEMU (TCG)"' "emulated by QEMU (TCG)" "real processor"
refused "half a file" 'del one["context"]' "is not whole"
# A core with two states at one site is no contradiction; its figures are not judged.
refused "two states are taken" 'for form in ("direct", "direct, again"): all[form + "/dependent/1/warm"] = [3.0, 4.3] * 50 + [4.3 if "again" in form else 3.0]'
says "$work/out/$this/README.md" "not judged: unsteady" >"$work/log"
check "what is unsteady is not judged" $? "$work/log"

echo "figures: $passed passed, $failed failed"
[ $failed = 0 ]
