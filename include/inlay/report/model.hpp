// SPDX-License-Identifier: BSL-1.0
//
// model: the report as data.
//
//     for (const auto& site : what.sites) ... site.name, site.after.instructions ...
//
// Addresses are the image's: in the running process, or in the file.
#pragma once

#include "inlay/error.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// The place of an address. Unknown parts are empty or 0.
struct place {
    address at{};
    std::string function{};        ///< demangled
    std::uint64_t offset{};        ///< in bytes from the function's start
    std::string module{};          ///< path of the program or shared library
    std::uint64_t module_offset{}; ///< in bytes from where the module is loaded
    std::string file{};            ///< as the compiler saw it, mostly absolute
    int line{};
};

/// Machine code and, with a disassembler, its text: one element for each instruction.
struct code {
    std::vector<std::uint8_t> bytes;
    std::vector<std::string> instructions;
};

/// Not `==`: GCC 14 warns that the memcmp in it may read more than an object can hold.
[[nodiscard]] inline bool same(const std::vector<std::uint8_t>& left, const std::vector<std::uint8_t>& right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](std::uint8_t a, std::uint8_t b) { return a == b; });
}

/// A feature that some site uses, and its value on the model.
struct feature_entry {
    std::string name{};
    bool value{};
    std::string found_by{};   ///< its probe: "cpuid leaf 0x7 ebx bit 20", "by hand", "function f"
    std::string decided_by{}; ///< "probe", "forced", the model's level, or the change that the reader asked for
    bool forced{};            ///< an override is in force in this process (it counts on `this` only)
    address cell{};
    error trouble{error::no_error};
};

struct choice {
    std::string predicate{}; ///< "sse2 && !xenpv"; else "original", "default", "call"; of a key its value: "3"
    unsigned ordinal{};      ///< position in its declaration; 0 is the original; of a key its value, or group of 16
    bool wins{};
    report::code code{};  ///< as it would stand at the site
    std::string target{}; ///< of a call: the function; also "nothing", "returns zero" (static), "missing" (pv)
    place where{};        ///< of a key: where it jumps; at 0 it falls through
};

/// The text in memory, compared with the report's forms.
enum class state : std::uint8_t {
    original, ///< equals `before`, with any nops after it
    patched,  ///< equals `after`
    other,    ///< neither: patched for another CPU, or not by inlay
    unknown,  ///< the record is malformed, or the call was not found after its marker
};

/// A call is a dispatch's call. A key and a switch have one kind of record, and statements about keys hold for both. A
/// pv call is an alternative whose original goes through a pointer.
enum class site_kind : std::uint8_t { alternative, call, static_call, static_key, static_switch, pv_call };

struct site_entry {
    site_kind kind{};
    std::string name{};             ///< "(unnamed)" where the declaration has none
    place where{};                  ///< of a call: the instruction, or its marker where that was not found
    std::vector<choice> choices{};  ///< in the order of the declaration, the original first; of a key by value
    std::optional<address> value{}; ///< of a key: the value in its cell
    report::code before{};          ///< the original, unpatched; of a key that is patched it is not known
    report::code after{};           ///< the bytes that decide gives for the model
    report::code now{};             ///< in memory
    report::state state{state::unknown};
    bool direct{};         ///< a call's `now` does not go through trampoline or pointer; a key's reads no memory
    bool inlined{};        ///< a pv call's `now` is code in place of the call
    std::string trouble{}; ///< the fault of the record, or the reason why the site stays as it is; else empty
    bool malformed{};      ///< apply() would refuse the tables for it

    /// Whether the site holds the bytes that the model needs, patched or not.
    [[nodiscard]] bool as_decided() const { return !after.bytes.empty() && same(now.bytes, after.bytes); }
    [[nodiscard]] bool is_call() const {
        return kind == site_kind::call || kind == site_kind::static_call || kind == site_kind::pv_call;
    }
    [[nodiscard]] bool is_key() const { return kind == site_kind::static_key || kind == site_kind::static_switch; }
};

struct counts {
    std::size_t alternatives{}, original{}, patched{}, other{}; ///< alternatives by state
    std::size_t calls{}, direct{}, through_trampoline{};        ///< calls of dispatches as they are in memory now
    std::size_t static_calls{}, static_calls_direct{};          ///< static calls as they are in memory now
    std::size_t keys{}, keys_direct{};                          ///< sites of keys and switches, likewise
    std::size_t pv_calls{}, pv_calls_direct{};                  ///< likewise; nops are direct calls of nothing
    std::size_t pv_calls_inlined{};                             ///< those with code in their place
    std::size_t as_decided{};                                   ///< sites of all kinds
    std::size_t malformed{};                                    ///< sites, and names
};

struct contents {
    std::string cpu{}; ///< the model, as the reader wrote it
    std::vector<site_entry> sites{};
    std::vector<feature_entry> features{}; ///< by name
    counts summary{};
    std::string trouble{}; ///< of the tables as a whole
};

} // namespace report
} // namespace inlay
