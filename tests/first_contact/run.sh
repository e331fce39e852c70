#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The first contact of a newcomer. A source archive without .git, in a path with spaces, read-only, for a user without
# sudo. Missing packages; apt's lock held by another process; a mistyped part; failed parts run again. The test installs
# packages into its own folder, from its own repository. sh tests/first_contact/run.sh [CHECK...]
set -u
cd "$(dirname "$0")/../.." || exit 1
unset CI INLAY_WERROR INLAY_QUICK BUILD CXX INLAY_COMPILERS INLAY_PROGRESS MAKEFLAGS
work=$(mktemp -d)
chmod 755 "$work"
# Makes the read-only tree writable, and removes it.
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
passed=0
failed=0
skipped=
user=65534 # owns nothing

tree="$work/a source archive/inlay"
mkdir -p "$tree"
tar --exclude=./build --exclude='./build-*' --exclude=./.git -cf - . | tar -C "$tree" -xf -
# Two parts more, as one adds them: a line each.
cat >>"$tree/tools/packages" <<'END'
test  lasting                  # nothing, for a while
other first  inlay-first
other second inlay-first inlay-second
other third  inlay-third
other fourth inlay-first ?inlay-fourth ?inlay-nowhere
END
mkdir "$tree/tests/lasting"
printf '%s\n' 'echo "line <of> the & log"; sleep 4; echo "lasting: 7 passed, 0 failed"' >"$tree/tests/lasting/run.sh"
find "$tree" -name build -prune -exec rm -rf '{}' +

# ---- A system whose packages these tests may install and remove ---------------------------------------

real=$(command -v dpkg-query)
mkdir -p "$work/bin" "$work/system/var/lib/dpkg/updates" "$work/system/var/lib/dpkg/info" "$work/repository" \
    "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
: >"$work/system/var/lib/dpkg/status"
: >"$work/called"
chmod 666 "$work/called"
for each in first second fourth; do
    mkdir -p "$work/deb/DEBIAN"
    printf '%s\n' "Package: inlay-$each" 'Version: 1.0' 'Architecture: all' 'Maintainer: Nobody <nobody@localhost>' 'Description: a test' \
        >"$work/deb/DEBIAN/control"
    dpkg-deb -b "$work/deb" "$work/repository/inlay-$each.deb" >/dev/null
    { cat "$work/deb/DEBIAN/control"
        echo "Filename: ./inlay-$each.deb"
        echo "Size: $(wc -c <"$work/repository/inlay-$each.deb")"
        echo "SHA256: $(sha256sum "$work/repository/inlay-$each.deb" | cut -d ' ' -f 1)"
        echo
    } >>"$work/repository/Packages"
done
echo "deb [trusted=yes] file:$work/repository ./" >"$work/apt/sources.list"
cat >"$work/apt/conf" <<END
Dir::Etc::sourcelist "$work/apt/sources.list"; Dir::Etc::sourceparts "/nonexistent"; Dir::Cache "$work/apt/cache";
Dir::State::lists "$work/apt/lists"; Dir::State::status "$work/system/var/lib/dpkg/status"; Dir::State "$work/apt";
Dir::Log "$work/apt"; APT::Sandbox::User "root"; Dpkg::Options { "--root=$work/system"; "--force-depends"; "--force-script-chrootless"; };
APT::Update::Post-Invoke { "true"; }; DPkg::Post-Invoke { "true"; };
END
# The commands in $work/bin note each call of apt; HIDDEN is a package that the system seems to lack.
for each in apt-get apt-cache; do
    printf '#!/bin/sh\necho "%s $*" >>"%s/called"\n[ -n "${APT_CONFIG:-}" ] || exit 9\nexec "%s" "$@"\n' \
        $each "$work" "$(command -v $each)" >"$work/bin/$each"
done
cat >"$work/bin/dpkg-query" <<END
#!/bin/sh
[ -z "\${APT_CONFIG:-}" ] || exec "$real" --admindir="$work/system/var/lib/dpkg" "\$@"
"$real" "\$@" | grep -v "\${HIDDEN:-^\$}"
END
printf '#!/bin/sh\necho "sorry: a password is required" >&2\nexit 1\n' >"$work/bin/sudo"
chmod 755 "$work"/bin/*
PATH=$work/bin:$PATH
export PATH
calls() { wc -l <"$work/called"; }
as_user() { # COMMAND...: one that owns nothing
    if [ "$(id -u)" = 0 ]; then setpriv --reuid $user --regid $user --clear-groups "$@"; else "$@"; fi
}
# held LOCK SAYING COMMAND...: runs the command while another process holds the lock, as apt itself takes it. The lock
# is held until the command prints SAYING (a minute at most).
held() {
    lock=$1 saying=$2
    shift 2
    mkdir -p "$(dirname "$lock")"
    : >"$work/said"
    rm -f "$work/locked"
    python3 - "$lock" "$work/locked" "$work/said" "$saying" <<'PYTHON' &
import fcntl, sys, time
with open(sys.argv[1], "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    open(sys.argv[2], "w").close()
    for _ in range(600):
        time.sleep(0.1)
        if sys.argv[4] in open(sys.argv[3]).read():
            break
PYTHON
    until [ -f "$work/locked" ]; do sleep 0.1; done
    "$@" >"$work/said" 2>&1 </dev/null
    status=$?
    wait
    return $status
}
says() { # PATTERN: in the last command's output
    grep -q -e "$1" "$work/said" || { echo "it does not say '$1' but:"; tail -n 12 "$work/said"; return 1; }
}
run() { "$@" >"$work/said" 2>&1 </dev/null; }

# ---- The checks ---------------------------------------------------------------------------------------

# A read-only tree without .git, in a path with spaces; a user without sudo who has all packages. The tour runs, and so
# do parts of the tests. The second time it is fast. No apt is called.
read_only() {
    [ "$(id -u)" != 0 ] || command -v setpriv >/dev/null || return 77
    chmod -R a-w "$tree"
    before=$(calls)
    mkdir -p "$work/home" && chmod 777 "$work/home" || return 1
    TMPDIR=$work/home run as_user sh "$tree/examples/run.sh" --quick || { tail -n 30 "$work/said"; return 1; }
    says "cannot be written, so all is built in $work/home/" && says '^The tour: [1-9][0-9]* passed, 0 failed' || return 1
    started=$(date +%s)
    TMPDIR=$work/home run as_user sh "$tree/examples/run.sh" --quick && says '^The tour: [1-9][0-9]* passed, 0 failed' || return 1
    again=$(($(date +%s) - started))
    [ $again -le 30 ] || { echo "the second run took $again s"; return 1; }
    grep -q 'Building CXX' "$work/said" && { echo "it compiled again"; return 1; }
    INLAY_QUICK=1 BUILD="$work/home/my build" run as_user sh "$tree/tests/run.sh" format no_site || { tail -n 30 "$work/said"; return 1; }
    unset INLAY_QUICK # some shells keep it
    says '^2 passed, 0 failed$' && [ -f "$work/home/my build/tests/junit.xml" ] || return 1
    [ "$(calls)" = "$before" ] || { echo "apt was called"; tail -n 3 "$work/called"; return 1; }
    if BUILD=/proc/nothing run as_user sh "$tree/examples/run.sh" --quick; then echo "BUILD=/proc/nothing does"; return 1; fi
    says '^BUILD=/proc/nothing: this folder cannot be written' || return 1
    chmod -R u+w "$tree"
}

# Without sudo, and something is missing: its name and the command to run.
missing() {
    before=$(calls)
    HIDDEN=clang-format; export HIDDEN
    if run as_user sh "$tree/tools/install_packages.sh" format; then echo "it goes on:"; cat "$work/said"; return 1; fi
    unset HIDDEN
    says '^Missing packages: clang-format-' && says 'As root: sh tools/install_packages.sh format$' &&
        says 'apt-get install --no-install-recommends clang-format-' || return 1
    tail -n +"$((before + 1))" "$work/called" | grep apt-get && { echo "apt-get was called"; return 1; }
    return 0
}

# Each part that builds the program `inlay` has its packages.
program() {
    for each in clang $(cd "$tree/tests" && grep -l '^\. tests/inlay_tool\.sh' ./*/run.sh | cut -d/ -f2); do
        case $(grep -E "^(quick|test) +$each " "$tree/tools/packages") in
        *@check* | *libcli11-dev*) ;;
        *) echo "tools/packages: $each lacks @check"; return 1 ;;
        esac
    done
}

# A wrong argument is an error before the script installs or runs anything.
asked() {
    before=$(calls)
    HIDDEN=.; export HIDDEN
    run sh "$tree/tests/run.sh" --help && says 'sh tests/run.sh quick' && run sh "$tree/examples/run.sh" --help && says 'BUILD=DIR' &&
        run sh "$tree/tests/run.sh" --list && says '^lasting  *nothing, for a while' || return 1
    for each in 'format fromat' '--no-such' 'quick gcc' '--failed gcc'; do
        # shellcheck disable=SC2086 # words
        run sh "$tree/tests/run.sh" $each
        status=$?
        [ $status = 2 ] || { echo "$each: status $status"; return 1; }
        grep -q '^ok\|^FAIL\|installing' "$work/said" && { echo "$each: a part ran"; return 1; }
    done
    run sh "$tree/tests/run.sh" format fromat
    unset HIDDEN
    says '^no such part: fromat' || return 1
    [ "$(calls)" = "$before" ] || { echo "apt was called"; return 1; }
    run sh "$tree/tools/install_packages.sh" --print format || return 1
    [ "$(wc -l <"$work/said")" = 1 ] && says '^clang-format-[0-9]*$'
}

# Another process holds a lock: of the lists, of dpkg. Then the missing packages are installed, and apt is not called
# again.
locks() {
    [ "$(id -u)" = 0 ] || return 77
    APT_CONFIG=$work/apt/conf; export APT_CONFIG
    waits="waiting for another process that holds apt's lock"
    held "$work/apt/lists/lock" "$waits" sh "$tree/tools/install_packages.sh" first || { cat "$work/said"; return 1; }
    says "^$waits" && says '^installing: inlay-first$' || return 1
    grep -q '^Package: inlay-first' "$work/system/var/lib/dpkg/status" || { echo "it is not installed"; return 1; }
    before=$(calls)
    run sh "$tree/tools/install_packages.sh" first && [ ! -s "$work/said" ] && [ "$(calls)" = "$before" ] ||
        { echo "nothing is missing, but:"; cat "$work/said"; return 1; }
    # (This lock is met after the lists were read.)
    held "$work/system/var/lib/dpkg/lock-frontend" "$waits" sh "$tree/tools/install_packages.sh" second || { cat "$work/said"; return 1; }
    says "^$waits" && says '^installing: inlay-second$' || return 1
    # An optional package is installed if the system offers it, even if no other package is missing.
    run sh "$tree/tools/install_packages.sh" fourth && says '^installing: inlay-fourth$' || { cat "$work/said"; return 1; }
    run sh "$tree/tools/install_packages.sh" fourth && [ ! -s "$work/said" ] || { cat "$work/said"; return 1; }
    if INLAY_APT_WAIT=1 held "$work/apt/lists/lock" "failed: " sh "$tree/tools/install_packages.sh" third; then
        echo "the third is offered"
        return 1
    fi
    says "another process has held apt's lock for [0-9]* seconds" || return 1
    if run sh "$tree/tools/install_packages.sh" third; then echo "the third is offered"; return 1; fi
    says '^This system offers no package for: inlay-third$' || return 1
    unset APT_CONFIG
}

# valid FILE TESTS FAILURES: XML, whose first suite has so many
valid() {
    python3 - "$@" <<'PYTHON'
import sys, xml.etree.ElementTree as xml
root = xml.parse(sys.argv[1]).getroot()
parts = root[0]
cases = parts.findall("testcase")
wanted = (root.tag, parts.get("tests"), parts.get("failures"), len(cases), len(parts.findall("testcase/failure")))
if wanted != ("testsuites", sys.argv[2], sys.argv[3], int(sys.argv[2]), int(sys.argv[3])):
    sys.exit(f"JUnit: {wanted}")
PYTHON
}

# Progress, the last lines, --failed, JUnit.
again() {
    printf 'int  wrongly_spaced; // <&>" \033[1m \001 \377\n' >"$tree/tests/wrong.cpp"
    if INLAY_PROGRESS=1 run sh "$tree/tests/run.sh" lasting format; then echo "format passes"; return 1; fi
    says '^      lasting: 2 s  line <of> the & log$' && says '^ok    lasting ([0-9]* s, [0-9]* s of processors)  7 passed, 0 failed$' &&
        says '^FAIL  format' && says '^failed: format (again: sh tests/run.sh --failed)$' &&
        says '^  format: .*tests/wrong.cpp:1:4: error: ' || return 1
    [ "$(tail -n 1 "$work/said")" = "1 passed, 1 failed" ] || { echo "the last line: $(tail -n 1 "$work/said")"; return 1; }
    valid "$tree/build/tests/junit.xml" 2 1 || return 1
    if run sh "$tree/tests/run.sh" --failed; then echo "format passes"; return 1; fi
    says '^FAIL  format' && says '^0 passed, 1 failed$' || return 1
    grep -q lasting "$work/said" && { echo "lasting runs again"; return 1; }
    # A passing part does not clear the failure of another part.
    run sh "$tree/tests/run.sh" lasting || return 1
    rm "$tree/tests/wrong.cpp"
    run sh "$tree/tests/run.sh" --failed && says '^ok    format' && says '^1 passed, 0 failed$' &&
        valid "$tree/build/tests/junit.xml" 1 0 && run sh "$tree/tests/run.sh" --failed && says '^no part failed when it ran last$'
}

# A part that CMake's tests make up has them in the JUnit file. Warnings are errors in CI alone, or when that is wanted.
unit_tests() {
    keep=$(awk '/^function/ { inside = 1 } inside || /^(find_package|include|enable_language)/ { print } /^endfunction/ { inside = 0 }' \
        "$tree/tests/CMakeLists.txt")
    cp "$tree/tests/CMakeLists.txt" "$work/kept"
    { echo "$keep"; echo 'inlay_test(unit_types_test unit_types_test.cpp unit_types_other.cpp)'; } >"$tree/tests/CMakeLists.txt"
    run sh "$tree/tests/run.sh" gcc || { tail -n 30 "$work/said"; return 1; }
    says '^ok    gcc ([0-9]* s, [0-9]* s of processors)  [1-9][0-9]* passed, 0 failed: unit tests$' && valid "$tree/build/tests/junit.xml" 1 0 || return 1
    python3 -c 'import sys, xml.etree.ElementTree as xml
suites = xml.parse(sys.argv[1]).getroot().findall("testsuite")
sys.exit(len(suites) != 2 or suites[1].get("name") != "gcc" or len(suites[1].findall("testcase")) == 0)' \
        "$tree/build/tests/junit.xml" || { echo "JUnit has no unit tests"; return 1; }
    grep -q -e -Werror "$tree/build/gcc/compile_commands.json" && { echo "warnings are errors"; return 1; }
    for each in CI=true INLAY_WERROR=1; do
        env $each cmake -S "$tree" -B "$work/wanted$each" -G Ninja -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DINLAY_TESTS=ON \
            >"$work/said" 2>&1 && grep -q -e -Werror "$work/wanted$each/compile_commands.json" ||
            { echo "$each: warnings are no errors"; return 1; }
        case $(env $each sh "$tree/tools/compilers" warnings) in *-Werror*) ;; *) echo "$each: no -Werror in scripts"; return 1 ;; esac
    done
    case $(sh "$tree/tools/compilers" warnings) in *-Werror*) echo "-Werror in scripts"; return 1 ;; esac
    cp "$work/kept" "$tree/tests/CMakeLists.txt"
}

for each in ${*:-program asked missing locks again unit_tests read_only}; do
    what=$("$each" 2>&1)
    status=$?
    case $status in
    0) passed=$((passed + 1)); echo "ok    $each" ;;
    77) skipped="$skipped $each"; echo "-     $each: not here" ;;
    *) failed=$((failed + 1)); echo "FAIL  $each: $what" ;;
    esac
done
echo "first_contact: $passed passed, $failed failed${skipped:+; not tried:$skipped}"
[ $failed = 0 ] && [ $passed -gt 0 ]
