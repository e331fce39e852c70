// SPDX-License-Identifier: BSL-1.0
//
// form: one way to write a call, an instruction or a question, in any number of sites.
//
//     struct through_pointer {
//         [[gnu::always_inline]] static number step(number x, std::size_t site) { return pointer(x); }
//         static form describe() {
//             return {.group = "calls", .name = "function pointer", .against = "direct",
//                     .site = {.indirect_calls = 1, .loads = 1}, .data = {&pointer}};
//         }
//     };
//     [[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{copy_of<through_pointer>()};
//
// How it works. A block is a function with 64 sites, one after the other. All files with forms are linked 64 times
// (compiling 4,096 sites of each form would take minutes). So each form has 64 blocks, and the linker puts them side by
// side. A pass over 64 sites runs one block, over 1,024 sites 16 blocks, over 4,096 all blocks. A pass over one site is
// a loop around it. So all passes measure the same instructions, and each site is a separate instruction, with its own
// place in the processor's tables. In a dependent chain, each step waits for the previous result. Independent steps
// have separate arguments, and the chain adds up their results.
//
// A file with forms has internal linkage; targets.hpp has the things that the copies share.
#pragma once

#include "../by_hand.hpp"
#include "targets.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench {

enum class chain : std::uint8_t { dependent, independent };

inline constexpr std::size_t sites_of_a_block = 64;
namespace detail {

template <class Form, chain Chain, std::size_t... Sites>
[[gnu::always_inline]] inline number steps(number x, std::size_t first, std::index_sequence<Sites...> /*of*/) {
    if constexpr (Chain == chain::dependent) {
        ((x = Form::step(x, first + Sites)), ...);
        return x;
    } else {
        number sum = 0;
        ((sum += Form::step(x ^ Sites, first + Sites)), ...);
        return sum;
    }
}

} // namespace detail

/// 64 sites, from number `first` and up. (The number does not matter to most forms.)
template <class Form, chain Chain>
[[gnu::noinline, gnu::aligned(64)]] number block(number x, std::size_t first) {
    x = detail::steps<Form, Chain>(by_hand::opaque<3>(x), first, std::make_index_sequence<sites_of_a_block>{});
    return by_hand::opaque<2>(x); // else the last call would be a jump
}

/// `rounds` times over one site; its number is that of the round in a form that `moves`.
template <class Form, chain Chain>
[[gnu::noinline, gnu::aligned(64)]] number one_site(number x, std::size_t rounds) {
#if defined(__clang__)
#pragma clang loop unroll(disable)
#endif
    do { // NOLINT(cppcoreguidelines-avoid-do-while)
        x = detail::steps<Form, Chain>(x, requires { Form::moves; } ? rounds : 0, std::make_index_sequence<1>{});
    } while (--rounds != 0);
    return x;
}

inline constexpr std::array<std::size_t, 4> site_counts{1, 64, 1024, 4096};

inline constexpr unsigned any = ~0U; ///< as many as the compiler likes

/// The instructions that a site executes, counted on the path through it.
struct instructions {
    unsigned calls{};          ///< direct, all of one target
    unsigned indirect_calls{}; ///< through a register or memory
    unsigned indirect_jumps{};
    unsigned branches{}; ///< conditional jumps
    unsigned jumps{};    ///< direct jumps
    unsigned loads{};    ///< reads of variables
    unsigned popcnts{};
    unsigned pushfs{};
    unsigned rotations{}; ///< of the value that is handed from step to step
    unsigned constants{}; ///< additions of a constant, which some cores carry out while renaming: in no chain
    unsigned slow{}; ///< sites of a block that may ask memory after all, with one load and one conditional jump more
};

/// The code between a call and its target.
enum class via : std::uint8_t { nothing, indirect_jump, retpoline, thunk };

using function_pointer = number (*)(number x, std::size_t count);

/// The functions of a chain.
struct chain_code {
    std::vector<function_pointer> blocks{};
    function_pointer one_site{};
};

struct form {
    std::string group{};
    std::string name{};
    std::string against{}; ///< the form that it is compared with
    instructions site{};   ///< the instructions of one site: checked before anything is measured
    const void* target{};  ///< the target of its calls; null: that of the first one, by way of `through`
    via through{via::nothing};
    std::vector<const void*> data{}; ///< the data and code that it uses in addition to its own instructions
    const char* equals{};            ///< the form whose instructions it has, nops and moves aside
    bool left_alone{};               ///< apply() must not patch its sites
    std::array<chain_code, 2> chains{};
};

/// The data of a form, in the section `bench_copies`; each link of the form's file adds a copy. The alignment keeps
/// compilers from leaving a gap between two files.
struct alignas(64) copy {
    form (*describe)();
    std::array<function_pointer, 2> blocks;
    std::array<function_pointer, 2> one_site;
};

template <class Form>
constexpr copy copy_of() {
    return {&Form::describe,
            {&block<Form, chain::dependent>, &block<Form, chain::independent>},
            {&one_site<Form, chain::dependent>, &one_site<Form, chain::independent>}};
}

/// The address of a function as a place in memory.
template <class Function>
const void* place(Function* at) {
    return reinterpret_cast<const void*>(at);
}

} // namespace bench
