// SPDX-License-Identifier: BSL-1.0
//
// model: a file's sites and forms, as the rules see them, and the findings of the rules.
//
// All addresses are those of the image in the file. A relocatable object has none: there they are those of
// check/object.hpp.
#pragma once

#include "inlay/code.hpp"
#include "inlay/error.hpp"
#include "inlay/report/model.hpp"
#include "inlay/table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

using report::site_kind;

struct section {
    std::string name{};
    std::uint64_t address{}, size{};
    bool executable{}, writable{};
};

/// A piece of text that begins at a symbol, and is decoded from there on.
struct function {
    std::uint64_t begin{}, end{};
    std::string name{}; ///< as in the symbol table; empty: a section without symbols
};

inline constexpr std::uint32_t none = ~std::uint32_t{0};

/// Where the bytes of a form come from.
enum class origin : std::uint8_t {
    file,    ///< they are in the file: the form that stands at the site before apply()
    choice,  ///< a form of an alternative
    direct,  ///< a direct call
    nothing, ///< in place of a call whose target does nothing
    zero,    ///< in place of a call whose target returns zero
    way,     ///< a key's or switch's site, for one value
};

/// Bytes that may stand at a site, as decide/ places them.
struct form {
    check::origin origin{};
    bool possible{true};             ///< false: no assignment of the features chooses it
    std::uint8_t length{};           ///< of the whole site, with padding
    std::uint8_t padded_from{};      ///< where the nops begin that fill the site up
    std::uint32_t declaration{none}; ///< of a choice: index in program::declarations()
    std::uint32_t number{}; ///< of a choice: index in the declaration's choices; of a dispatch its ordinal; of a key
                            ///< its value, of a switch its way
    std::array<std::uint8_t, max_code_length> content{};

    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return {content.data(), length}; }
};

/// The choices of an alternative or a dispatch, which all its sites share.
struct declaration {
    struct choice {
        std::string predicate{}; ///< "sse2 && !xenpv"; "original"
        unsigned ordinal{};
        bool possible{true}; ///< some assignment of the features chooses it
        address form{};      ///< table::form, in this process; 0 in a dispatch
    };
    std::string name{};            ///< empty where it has none
    std::uint8_t length{};         ///< of a site
    std::vector<choice> choices{}; ///< in the order of the declaration, the original first
    error trouble{error::no_error};
};

struct site {
    site_kind kind{};
    std::string_view name{};  ///< of the declaration, key or call; empty where it has none
    std::uint64_t at{};       ///< the site; for a call, its instruction, or the marker if that was not found
    std::uint64_t marker{};   ///< the address in the record: differs from `at` for calls only
    std::uint64_t callee{};   ///< of a call: its trampoline; of a pv call: its reporter
    std::uint64_t pointers{}; ///< of calls: where the pointers to the possible targets are, in memory
    std::uint16_t pointer_count{};
    std::uint8_t length{};          ///< in bytes; 0: unknown, since the record is malformed
    bool missed{};                  ///< a call that was not found after its marker
    std::uint32_t record{};         ///< index of its first record in its table
    std::uint32_t records{1};       ///< neighbours at one address are one site
    error trouble{error::no_error}; ///< why apply() would refuse the tables
    std::vector<form> forms{};      ///< the file's first; empty with a trouble, of a missed call: the file's alone

    [[nodiscard]] std::uint64_t end() const noexcept { return at + length; }
};

/// A name of a key or static call that apply() would refuse.
struct bad_name {
    std::uint32_t record{}; ///< its index in the table
    std::string_view name{};
    error trouble{};
};

enum class severity : std::uint8_t { error, warning, note };

/// The statement of a rule about one place in a file.
struct finding {
    std::string rule{}; ///< "overlap": docs/checker.md lists them
    check::severity severity{check::severity::error};
    std::uint64_t at{};               ///< 0: it is about the file as a whole
    std::string message{};            ///< one sentence without a full stop
    std::vector<std::string> notes{}; ///< lines that belong to it, such as both forms in disassembly
    // program::place() fills in the rest.
    std::string section{};
    std::uint64_t offset{}; ///< in the section, in bytes
    std::string function{}; ///< demangled, with the offset: "f+0x4"
    std::string file{};     ///< of the source; empty where it is not known
    int line{};
};

using findings = std::vector<finding>;

} // namespace check
} // namespace inlay
