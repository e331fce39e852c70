// SPDX-License-Identifier: BSL-1.0
//
// target: a name for the version of inlay's tables and the target of this unit's code, as the macro INLAY_TARGET.
//
//     inline namespace INLAY_TARGET {                   // inlay::v3_for_sse_sse2_...
//
// A program may link libraries that were compiled with other headers. Their functions read other tables, so they have
// other names.
#pragma once

#include "inlay/requirements.hpp"

/// The version of everything that images tell each other (table.hpp).
#define INLAY_TABLE_VERSION 4 // NOLINT(*-macro-to-enum): part of names

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/target.hpp"
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/target.hpp"
#endif

#define INLAY_TARGET_NAME(version, architecture) INLAY_TARGET_NAME_(version, architecture)
#define INLAY_TARGET_NAME_(version, architecture) v##version##_##architecture
#define INLAY_TARGET INLAY_TARGET_NAME(INLAY_TABLE_VERSION, INLAY_TARGET_OF_ARCHITECTURE)
