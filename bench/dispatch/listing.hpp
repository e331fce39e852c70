// SPDX-License-Identifier: BSL-1.0
//
// listing: the instructions of a form as they are in memory, to see that it is what it is called.
//
//     std::string trouble = bench::check(form);     // empty: every site of every block is as `form.site` says
//
// How it works. The way through a block is followed from its first instruction to its return: jumps are taken,
// conditional ones not, calls stepped over. What is met on the way is counted.
#pragma once

#include "form.hpp"

#include <string>
#include <vector>

namespace bench {

/// What is wrong with a form: a sentence, or nothing.
std::string check(const form& form);

/// What is wrong with a function that is to be so many rotations, one after the other: a sentence, or nothing.
std::string check_rotations(const std::string& name, const void* called, unsigned rotations);

/// The instructions of one site, in Intel's syntax.
std::vector<std::string> site_of(const form& form);

/// Where the instructions of two forms differ, nops and moves aside: a sentence, or nothing.
std::string difference(const form& one, const form& other);

/// From the first instruction of a function to behind the last one on the way through it.
struct extent {
    std::uintptr_t begin;
    std::uintptr_t end;
};
extent extent_of(function_pointer block);

/// The cache lines of code that a pass over so many sites runs through.
std::vector<const void*> lines_of(const chain_code& chain, std::size_t sites);

} // namespace bench
