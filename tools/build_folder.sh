# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh
# For other scripts, from the checkout's root (". tools/build_folder.sh"): chooses the folder for all built files.

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

# configure FOLDER ARGUMENTS...: CMake, from the root; it keeps nothing of a folder that another compiler or checkout
# used
configure() {
    folder=$1
    shift
    anew=
    cache=$folder/CMakeCache.txt
    if [ -f "$cache" ]; then
        compiler=
        for argument; do
            case $argument in -DCMAKE_CXX_COMPILER=*) compiler=$(command -v "${argument#*=}") ;; esac
        done
        if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache" || ! grep -q "^CMAKE_CXX_COMPILER:[A-Z]*=$compiler\$" "$cache"; then
            anew=--fresh
        fi
    fi
    cmake $anew "$@" -B "$folder"
}

# choose_build_folder DEFAULT: sets BUILD to the user's choice, else to DEFAULT if it can be written. Else it sets BUILD
# to a folder for temporary files, and prints it.
choose_build_folder() {
    if [ -n "${BUILD:-}" ]; then
        mkdir -p "$BUILD" 2>/dev/null && [ -w "$BUILD" ] && return 0
        echo "BUILD=$BUILD: this folder cannot be written; choose another one" >&2
        return 1
    fi
    if mkdir -p "$1" 2>/dev/null && [ -w "$1" ]; then
        BUILD=$1
        return 0
    fi
    # The same one each time, and for this checkout; no other user's.
    BUILD=${TMPDIR:-/tmp}/inlay-$(id -u)-$(printf '%s' "$PWD" | cksum | cut -d ' ' -f 1)
    # shellcheck disable=SC2174,SC3067 # its parent exists; dash and busybox have -O
    if ! mkdir -p -m 700 "$BUILD" 2>/dev/null || [ -L "$BUILD" ] || ! [ -O "$BUILD" ]; then
        echo "$PWD/$1 cannot be written, nor $BUILD: choose a folder, as in BUILD=/path/to/folder" >&2
        return 1
    fi
    BUILD=$BUILD/$1
    mkdir -p "$BUILD" || return 1
    echo "$PWD cannot be written, so all is built in $BUILD (BUILD=DIR chooses another folder)"
}
