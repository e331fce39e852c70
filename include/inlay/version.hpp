// SPDX-License-Identifier: BSL-1.0
//
// version: which inlay this is, as macros. Every header of inlay includes this one. It includes nothing, and any language
// standard will do.
//
//     #if INLAY_VERSION >= 200                // 0.2.0 or later
//
// The three numbers are written here and nowhere else: CMakeLists.txt, the package recipes and inlay.pc read them from
// this file. They are numbers of Semantic Versioning 2.0.0: before 1.0, a new minor version may change the interface.
#pragma once

#define INLAY_VERSION_MAJOR 0
#define INLAY_VERSION_MINOR 2
#define INLAY_VERSION_PATCH 0

/// One number that grows with the version: 10000 * major + 100 * minor + patch.
#define INLAY_VERSION (INLAY_VERSION_MAJOR * 10000 + INLAY_VERSION_MINOR * 100 + INLAY_VERSION_PATCH)

/// The version as a string literal: "major.minor.patch".
#define INLAY_VERSION_STRING INLAY_VERSION_JOIN(INLAY_VERSION_MAJOR, INLAY_VERSION_MINOR, INLAY_VERSION_PATCH)
#define INLAY_VERSION_JOIN(major, minor, patch) INLAY_VERSION_QUOTE(major.minor.patch)
#define INLAY_VERSION_QUOTE(version) #version
