#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# inlay as packages: the single header, pkg-config, Debian's package, the Conan recipe, the vcpkg port, the module. Also
# the error with compilers that inlay does not support.
#   sh tests/packages/run.sh            all of it
#   INLAY_MATRIX=full                   each header and option with each compiler
#   sh tests/packages/run.sh PART...    only these of: sentence single programs pkgconfig deb conan vcpkg module
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
parts=${*:-sentence single programs pkgconfig deb conan vcpkg module}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/checks.sh
. "$root/tests/checks.sh"
have() { command -v "$1" >/dev/null; }
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
cat >"$work/program.cpp" <<'END'
#include INLAY
inline constexpr inlay::static_key<"packages.on", false> on;
int main() { return !on && inlay::apply() && inlay::set(on, true) && on ? 0 : 1; }
END
project() { # project NAME PREFIX: a CMake project that finds inlay there, built and run
    works "$1: found" cmake -S "$root/tests/install/consumer" -B "$work/$1" -G Ninja -DINLAY_BY=find_package \
        "-DINLAY_REQUEST=REQUIRED;COMPONENTS;pv;report" "-DTARGETS=inlay::pv;inlay::report" "-DCMAKE_PREFIX_PATH=$2"
    works "$1: built" cmake --build "$work/$1"
    works "$1: runs" "$work/$1/consumer"
}

# ---- One sentence, and nothing more.
# told SENTENCE HEADER COMPILER...: the one error
told() {
    sentence=$1
    header=$2
    shift 2
    have "$1" || return 0
    printf '#include <%s>\nint main() { return inlay::apply() ? 0 : 1; }\n' "$header" >"$work/told.cpp"
    "$@" -I"$root/include" -fsyntax-only "$work/told.cpp" >"$work/log" 2>&1
    [ "$(grep -c 'error:' "$work/log")" -eq 1 ] && grep 'error:' "$work/log" | grep -qF -- "$sentence"
    result $? "not told '$sentence' alone: $header, $*"
}
sentence() {
    standard="inlay: it needs C++20: compile with -std=c++20"
    (cd "$root/include" && find inlay -name '*.hpp' ! -name version.hpp | sort) >"$work/headers"
    while read -r header; do
        told "$standard" "$header" g++ -std=c++17
        # (The sentence is in requirements.hpp, which each header includes first.)
        case $header,${INLAY_MATRIX:-} in inlay/inlay.hpp,* | *,full) told "$standard" "$header" clang++-19 -std=c++17 ;; esac
    done <"$work/headers"
    for old in c++98 c++11 c++14 gnu++17; do
        told "$standard" inlay/inlay.hpp g++ -std=$old
    done
    told "inlay: it needs GCC 12 or later" inlay/inlay.hpp g++-11 -std=c++20
    told "inlay: it needs GCC 12 or later" inlay/inlay.hpp g++ -std=c++20 -U__GNUC__ -D__GNUC__=10
    told "inlay: it needs GCC 12 or later" inlay/inlay.hpp g++ -std=c++20 -U__GNUC__ -D_MSC_VER=1940
    told "inlay: it needs Clang 14 or later" inlay/inlay.hpp clang++-13 -std=c++20
    told "inlay: it needs Clang 14 or later" inlay/inlay.hpp clang++-19 -std=c++20 -U__clang_major__ -D__clang_major__=13
    for target in riscv64-linux-gnu arm-linux-gnueabihf powerpc64le-linux-gnu wasm32 s390x-linux-gnu; do
        told "it does not support this architecture" inlay/inlay.hpp clang++-19 -std=c++20 --target=$target
    done
    told "little-endian" inlay/inlay.hpp clang++-19 -std=c++20 --target=aarch64_be-linux-gnu
    told "ELF" inlay/inlay.hpp clang++-19 -std=c++20 --target=x86_64-pc-windows-msvc
    told "ELF" inlay/inlay.hpp clang++-19 -std=c++20 --target=arm64-apple-darwin
    told "x32" inlay/inlay.hpp g++ -std=c++20 -mx32
    told "position-dependent" inlay/inlay.hpp i686-linux-gnu-g++ -std=c++20 -fPIC
    told "-mcmodel=large" inlay/inlay.hpp g++ -std=c++20 -mcmodel=large
    printf '#include <inlay/version.hpp>\n#if INLAY_VERSION != %s\n#error\n#endif\nconst char* v = INLAY_VERSION_STRING;' \
        "$(sed -n 's/.*_M[A-Z]* //p; s/.*_PATCH //p' "$root/include/inlay/version.hpp" | head -n 3 | tr '\n' ' ' |
            awk '{ print $1 * 10000 + $2 * 100 + $3 }')" >"$work/version.cpp"
    # shellcheck disable=SC2086
    works "version.hpp in C++98" g++ -std=c++98 $warnings -I"$root/include" -fsyntax-only "$work/version.cpp"
}

# ---- The single header.
single() {
    works "the same bytes each time" sh -c 'cd / && "$1/tools/single_header.py" -o "$2/a/inlay.hpp" &&
        cd "$2" && LC_ALL=C "$1/tools/single_header.py" >b && cmp a/inlay.hpp b' sh "$root" "$work"
    works "no header is forgotten" "$root/tools/single_header.py" --check
    works "headers that forward" "$root/tools/single_header.py" --forward "$work/forward"
    ! grep -n '#include.*inlay/.*\.h' "$work/a/inlay.hpp" >"$work/log"
    result $? "the single header includes others of inlay"
    # Alone in a folder, with nothing of inlay on the path; and pasted into the program, as Compiler Explorer does it.
    (printf '#line 1 "inlay.hpp"\n' && cat "$work/a/inlay.hpp" && sed 1d "$work/program.cpp") >"$work/pasted.cpp"
    for compiler in g++ clang++-14 clang++-16 clang++-19; do
        have $compiler || continue
        case $compiler,${INLAY_MATRIX:-} in g++,* | clang++-19,* | *,full) ;; *) continue ;; esac
        for opt in "" -DINLAY_X86_PV -DINLAY_NAMES -DINLAY_CONFIGURE -DINLAY_RATE_LIMITED -DINLAY_APPLY_AT_LOAD \
            "-DINLAY_X86_PV -DINLAY_NAMES -DINLAY_CONFIGURE -DINLAY_RATE_LIMITED -DINLAY_APPLY_AT_LOAD"; do
            # shellcheck disable=SC2086
            works "single header, $compiler $opt" $compiler -std=c++20 $warnings $opt "-DINLAY=\"$work/a/inlay.hpp\"" \
                "$work/program.cpp" -o "$work/program"
            works "single header, $compiler $opt: runs" "$work/program"
        done
        # shellcheck disable=SC2086
        works "pasted, $compiler" $compiler -std=c++20 $warnings "$work/pasted.cpp" -o "$work/program"
        works "pasted, $compiler: runs" "$work/program"
        # shellcheck disable=SC2086
        works "freestanding, $compiler" $compiler -std=c++20 $warnings -ffreestanding -fno-exceptions -fno-rtti \
            -mgeneral-regs-only -mno-red-zone -fno-pic -I"$work/forward" -c "$root/tests/freestanding/kernel.cpp" \
            -o "$work/freestanding.o"
    done
    for compiler in "aarch64-linux-gnu-g++" "i686-linux-gnu-g++ -fno-pic -fno-pie -no-pie"; do
        have "${compiler%% *}" || continue
        # shellcheck disable=SC2086
        works "single header, $compiler" $compiler -std=c++20 $warnings "-DINLAY=\"$work/a/inlay.hpp\"" \
            "$work/program.cpp" -o "$work/program"
    done
    ! g++ -std=c++17 "-DINLAY=\"$work/a/inlay.hpp\"" -c "$work/program.cpp" -o "$work/program.o" >"$work/log" 2>&1 &&
        [ "$(grep -c error: "$work/log")" -eq 1 ] && grep -q "inlay: it needs C++20" "$work/log"
    result $? "single header: one sentence with -std=c++17"
}

# ---- The same test programs: the project with headers that only include the single one.
programs() {
    mkdir -p "$work/tree"
    for each in CMakeLists.txt CHANGELOG.md LICENSE cmake tests; do
        cp -r "$root/$each" "$work/tree"
    done
    works "headers that forward" "$root/tools/single_header.py" --forward "$work/tree/include"
    grep -q single_header.hpp "$work/tree/include/inlay/apply.hpp" && [ -f "$work/tree/include/inlay/report.hpp" ]
    result $? "headers that forward: do not"
    # Clang compiles GoogleTest's header once (tests/CMakeLists.txt); without it, GCC.
    if have clang++-19; then set -- -DCMAKE_CXX_COMPILER=clang++-19; else set --; fi
    works "test programs with the single header" cmake -S "$work/tree" -B "$work/programs" -G Ninja -DINLAY_TESTS=ON "$@"
    if [ "${INLAY_MATRIX:-}" = full ]; then
        works "test programs with the single header, built" cmake --build "$work/programs" -j 2
        works "test programs with the single header, pass" ctest --test-dir "$work/programs" -j 2 --output-on-failure
        return
    fi
    # A choice, with most of the public headers.
    programs="alternative_test hook_test pv_test controls_test transaction_test deferred_test override_test text_poke_test report_file_test"
    # shellcheck disable=SC2086
    works "test programs with the single header, built" cmake --build "$work/programs" -j 2 --target $programs
    for each in $programs; do
        works "$each with the single header, passes" "$work/programs/tests/$each" --gtest_brief=1
    done
}

installed() {
    [ -d "$work/prefix" ] && return
    works "configure" cmake -S "$root" -B "$work/build" -G Ninja
    works "install" cmake --install "$work/build" --prefix "$work/elsewhere"
    mv "$work/elsewhere" "$work/prefix"
}

# ---- pkg-config, from a folder that was moved.
pkgconfig() {
    installed
    PKG_CONFIG_PATH="$work/prefix/share/pkgconfig"
    export PKG_CONFIG_PATH
    works "pkg-config" pkg-config --exists --print-errors 'inlay >= 0.2' inlay-report
    # shellcheck disable=SC2046
    works "pkg-config: compiled" g++ -std=c++20 '-DINLAY=<inlay/inlay.hpp>' $(pkg-config --cflags --libs inlay) \
        "$work/program.cpp" -o "$work/program"
    works "pkg-config: runs" "$work/program"
    # shellcheck disable=SC2046
    works "pkg-config: report" g++ -std=c++20 -DWITH_REPORT "$root/tests/install/consumer/consumer.cpp" \
        $(pkg-config --cflags --libs inlay-report) -o "$work/program"
    works "pkg-config: report runs" "$work/program"
    unset PKG_CONFIG_PATH
}

# ---- Debian's package: lintian's verdict, a program from the package's files, and all versions.
deb() {
    installed
    works "cpack" sh -c 'cd "$1" && cpack -G DEB' sh "$work/build"
    package=$(find "$work/build" -maxdepth 1 -name '*.deb')
    if have lintian; then
        lintian --pedantic -I "$package" >"$work/log" 2>&1
        ! grep '^[EWIP]: ' "$work/log"
        result $? "lintian"
    else
        echo "lintian is not installed: left out"
    fi
    works "versions agree" python3 "$here/versions.py" "$work/build"
    works "unpacked" dpkg-deb -x "$package" "$work/debian"
    [ "$(dpkg-deb -f "$package" Architecture)" = all ] && [ -f "$work/debian/usr/share/inlay/single_header/inlay.hpp" ]
    result $? "deb: not for all architectures, or without the single header"
    project deb "$work/debian/usr"
}

conan() {
    mkdir -p "$work/conan"
    works "conanfile.py" python3 "$here/conan_stub.py" "$root/tools/packaging/conan/conanfile.py" "$work/conan"
    [ -f "$work/conan/package/licenses/LICENSE" ]
    result $? "conanfile.py: no licence"
    project conan-project "$work/conan/package"
}

vcpkg() {
    works "portfile.cmake" cmake -DPORTFILE="$root/tools/packaging/vcpkg/ports/inlay/portfile.cmake" -DWORK="$work/vcpkg" \
        -P "$here/vcpkg_stub.cmake"
    project vcpkg-project "$work/vcpkg/packages/inlay"
}

# ---- import inlay.
module() {
    told "inlay: as a module it needs Clang 17 or later" inlay/inlay.cppm g++ -std=c++20
    told "inlay: as a module it needs Clang 17 or later" inlay/inlay.cppm clang++-16 -std=c++20
    if have clang++-19; then
        for opt in -O0 -O2; do
            flags="-std=c++20 $opt -I$root/include"
            # shellcheck disable=SC2086
            {
                works "module" clang++-19 $flags $warnings --precompile "$root/include/inlay/inlay.cppm" -o "$work/inlay.pcm"
                works "module: object" clang++-19 -std=c++20 $opt -c "$work/inlay.pcm" -o "$work/inlay.o"
                works "module: import" clang++-19 $flags -fmodule-file=inlay="$work/inlay.pcm" \
                    -c "$here/module/importer.cpp" -o "$work/importer.o"
                works "module: include" clang++-19 $flags -c "$here/module/includer.cpp" -o "$work/includer.o"
            }
            works "module: linked" clang++-19 "$work/inlay.o" "$work/importer.o" "$work/includer.o" -o "$work/importer"
            works "module: runs" "$work/importer"
        done
    fi
    installed
    if [ "$(cmake --version | awk 'NR == 1 { split($3, v, "."); print v[1] * 100 + v[2] }')" -ge 328 ] && have clang++-19; then
        works "module, CMake" cmake -S "$here/module" -B "$work/module" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 \
            -DCMAKE_PREFIX_PATH="$work/prefix"
        works "module, CMake: built" cmake --build "$work/module"
        works "module, CMake: runs" "$work/module/importer"
    else
        ! cmake -S "$root/tests/install/consumer" -B "$work/module" -G Ninja -DINLAY_BY=find_package \
            "-DINLAY_REQUEST=REQUIRED;COMPONENTS;module" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 &&
            tr -s ' \n' '  ' <"$work/log" | grep -qF "its component module needs CMake 3.28 or later"
        result $? "module, CMake before 3.28: not told"
    fi
}

for part in $parts; do
    case $part in
    sentence | single | programs | pkgconfig | deb | conan | vcpkg | module) $part ;;
    *)
        echo "no such part: $part" >&2
        exit 2
        ;;
    esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
