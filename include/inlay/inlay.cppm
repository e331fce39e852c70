// SPDX-License-Identifier: BSL-1.0
//
// inlay as a C++20 module: for Clang 17 and later. docs/packages.md says how to compile it, and gives the messages of
// other compilers.
//
//     import inlay;
//     inline constexpr inlay::static_key<"app.trace", false> trace;
//
// How it works. inlay's headers are included after `export module`, so their declarations are exported. The headers of
// the C++ library are included before, so theirs are not. `extern "C++"` keeps inlay's names those of the headers.
// Units that import and units that include make one program, and share their keys. Macros are not exported: a unit
// that asks for INLAY_VERSION includes inlay/version.hpp.
module;

#include "inlay/requirements.hpp"
#if !defined(__clang__)
#include "inlay: as a module it needs Clang 17 or later: GCC cannot compile it, so include <inlay/inlay.hpp>"
#elif __clang_major__ < 17
#include "inlay: as a module it needs Clang 17 or later: with this one, include <inlay/inlay.hpp>"
#endif

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__linux__) && __STDC_HOSTED__
#include <cerrno>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/membarrier.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

export module inlay;

// The warning is about headers that are included here by mistake.
#pragma clang diagnostic ignored "-Winclude-angled-in-module-purview"

export extern "C++" {
#include "inlay/inlay.hpp"
#include "inlay/pv.hpp"
}
