// SPDX-License-Identifier: BSL-1.0
//
// listing: the instructions of a form as they are in memory, to check that the form's name is right.
//
//     std::string trouble = bench::check(form);     // empty: every site of every block is as `form.site` says
//
// How it works. It follows the path through a block from its first instruction to its return. It takes jumps, does not
// take conditional jumps, and steps over calls. It counts the instructions on the path.
#pragma once

#include "form.hpp"

#include <string>
#include <vector>

namespace bench {

/// The fault of a form: a sentence, or empty.
std::string check(const form& form);

/// The fault of a function that should consist of `rotations` rotations, one after the other: a sentence, or empty.
std::string check_rotations(const std::string& name, const void* called, unsigned rotations);

/// The instructions of one site, in Intel's syntax.
std::vector<std::string> site_of(const form& form);

/// The difference between the instructions of two forms, without nops and moves: a sentence, or empty.
std::string difference(const form& one, const form& other);

/// From the first instruction of a function to the end of the last one on the path through it.
struct extent {
    std::uintptr_t begin;
    std::uintptr_t end;
};
extent extent_of(function_pointer block);

/// The cache lines of code that a pass over `sites` sites executes.
std::vector<const void*> lines_of(const chain_code& chain, std::size_t sites);

} // namespace bench
