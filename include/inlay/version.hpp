// SPDX-License-Identifier: BSL-1.0
//
// version: the version of inlay, as macros. Every header of inlay includes this header. It includes nothing, and needs
// no particular language standard.
//
//     #if INLAY_VERSION >= 200                // 0.2.0 or later
//
// CMakeLists.txt, inlay.pc, the Conan recipe and the single header take the three numbers from here. CHANGELOG.md and
// vcpkg.json repeat them; tests/packages compares. They are numbers of Semantic Versioning 2.0.0: before 1.0, a new
// minor version may change the interface.
#pragma once

// NOLINTBEGIN(*-macro-to-enum, bugprone-macro-parentheses): #if reads them; they become text

#define INLAY_VERSION_MAJOR 0
#define INLAY_VERSION_MINOR 2
#define INLAY_VERSION_PATCH 0

/// One number that grows with the version: 10000 * major + 100 * minor + patch.
#define INLAY_VERSION (INLAY_VERSION_MAJOR * 10000 + INLAY_VERSION_MINOR * 100 + INLAY_VERSION_PATCH)

/// The version as a string literal: "major.minor.patch".
#define INLAY_VERSION_STRING INLAY_VERSION_JOIN(INLAY_VERSION_MAJOR, INLAY_VERSION_MINOR, INLAY_VERSION_PATCH)
#define INLAY_VERSION_JOIN(major, minor, patch) INLAY_VERSION_QUOTE(major.minor.patch)
#define INLAY_VERSION_QUOTE(version) #version

// NOLINTEND(*-macro-to-enum, bugprone-macro-parentheses)
