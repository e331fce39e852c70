// SPDX-License-Identifier: BSL-1.0
//
// walk: all instructions of an image, decoded once for all rules.
//
//     const inlay::check::walked text = inlay::check::walk(program);
//     if (!text.begins_at(site.at)) ... no instruction of its function begins there
//
// How it works. Each function is decoded from its symbol on, instruction by instruction, as objtool does. The walk
// keeps only the answers that the rules need: whether an instruction begins at some given addresses, and the branches
// that meet a site.
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// A direct branch.
struct branch {
    std::uint64_t at{}, target{};
    check::flow flow{};
};

struct walked {
    std::vector<std::uint64_t> asked{};  ///< addresses that the rules ask about, sorted
    std::vector<bool> begins{};          ///< whether an instruction begins there
    std::vector<bool> ends{};            ///< whether an instruction ends there
    std::vector<branch> into_sites{};    ///< branches from elsewhere to the inside of a site
    std::vector<branch> to_callees{};    ///< calls and jumps of trampolines
    std::vector<std::uint64_t> raw{};    ///< indirect branches
    std::vector<std::uint64_t> jumps{};  ///< those of them that do not come back, sorted
    std::vector<std::uint64_t> across{}; ///< targets of jumps from one function to the inside of another, sorted
    std::vector<std::uint64_t> unread{}; ///< bytes that are no instruction; the rest of their function was not decoded
    std::size_t instructions{};

    [[nodiscard]] bool begins_at(std::uint64_t at) const { return noted(begins, at); }
    [[nodiscard]] bool ends_at(std::uint64_t at) const { return noted(ends, at); }

private:
    [[nodiscard]] bool noted(const std::vector<bool>& where, std::uint64_t at) const {
        const auto found = std::lower_bound(asked.begin(), asked.end(), at);
        return found != asked.end() && *found == at && where[static_cast<std::size_t>(found - asked.begin())];
    }
};

namespace detail {

/// Calls `use(instruction)` for the instructions of a form at its site. False if the bytes do not end with an
/// instruction.
template <class Use>
bool for_each_instruction(const program& program, const site& at, const form& of, const Use& use) {
    for (std::size_t i = 0; i < of.length;) {
        const instruction found = program.decode()(of.content.data() + i, of.length - i, at.at + i);
        if (found.length == 0) {
            return false;
        }
        use(found);
        i += found.length;
    }
    return true;
}

class walker {
public:
    explicit walker(const program& of) : program_{of} {
        ask();
        for (const auto& site : of.sites()) {
            if (site.callee != 0) {
                callees_.push_back(site.callee);
            }
        }
        std::sort(callees_.begin(), callees_.end());
        callees_.erase(std::unique(callees_.begin(), callees_.end()), callees_.end());
    }

    [[nodiscard]] walked operator()() {
        for (const auto& each : program_.functions()) {
            walk(each);
        }
        std::sort(result_.across.begin(), result_.across.end());
        return std::move(result_);
    }

private:
    /// The ends of sites, and the targets of their forms.
    void ask() {
        auto& asked = result_.asked;
        for (const auto& site : program_.sites()) {
            asked.push_back(site.at);
            asked.push_back(site.marker);
            if (site.length != 0) {
                asked.push_back(site.end());
            }
            for (const auto& form : site.forms) {
                (void)for_each_instruction(program_, site, form, [&](const instruction& each) {
                    if (each.goes_to_target()) {
                        asked.push_back(each.target);
                    }
                });
            }
        }
        std::sort(asked.begin(), asked.end());
        asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
        asked.shrink_to_fit();
        result_.begins.resize(asked.size());
        result_.ends.resize(asked.size());
    }

    void walk(const function& in) {
        const auto size = static_cast<std::size_t>(in.end - in.begin);
        const std::uint8_t* const bytes = program_.bytes(in.begin, size);
        if (bytes == nullptr) {
            return;
        }
        const auto& asked = result_.asked;
        auto next = std::lower_bound(asked.begin(), asked.end(), in.begin);
        for (std::uint64_t at = in.begin;;) {
            while (next != asked.end() && *next < at) {
                ++next;
            }
            const bool wanted = next != asked.end() && *next == at;
            if (wanted && at != in.begin) {
                result_.ends[static_cast<std::size_t>(next - asked.begin())] = true;
            }
            if (at >= in.end) {
                return;
            }
            const instruction found = program_.decode()(bytes + (at - in.begin), size - (at - in.begin), at);
            if (found.length == 0) {
                result_.unread.push_back(at);
                return;
            }
            if (wanted) {
                result_.begins[static_cast<std::size_t>(next - asked.begin())] = true;
            }
            note(in, found);
            at += found.length;
        }
    }

    void note(const function& in, const instruction& found) {
        ++result_.instructions;
        if (found.flow == flow::indirect_jump || found.flow == flow::indirect_call) {
            result_.raw.push_back(found.at);
        }
        if (found.flow == flow::indirect_jump) {
            result_.jumps.push_back(found.at);
        }
        if (!found.goes_to_target()) {
            return;
        }
        if (found.flow != flow::call && (found.target < in.begin || found.target >= in.end)) {
            const function* const other = program_.function_of(found.target);
            if (other != nullptr && other->begin != found.target) {
                result_.across.push_back(found.target);
            }
        }
        const branch one{found.at, found.target, found.flow};
        if (std::binary_search(callees_.begin(), callees_.end(), found.target)) {
            result_.to_callees.push_back(one);
        }
        if (const site* const at = site_around(program_, found.target);
            at != nullptr && (found.at < at->at || found.at >= at->end())) {
            result_.into_sites.push_back(one);
        }
    }

public:
    /// The site that has an address within it, but not at its start; null if no site has.
    [[nodiscard]] static const site* site_around(const program& program, std::uint64_t at) noexcept {
        unsigned tries = 256; // of a damaged file, any number of sites may begin at one address
        for (auto each = program.site_from(at); each != program.sites().begin() && tries-- != 0;) {
            --each;
            if (at < each->end()) {
                return &*each;
            }
            if (each->at + max_code_length < at) {
                break;
            }
        }
        return nullptr;
    }

private:
    const program& program_;
    std::vector<std::uint64_t> callees_{};
    walked result_{};
};

} // namespace detail

[[nodiscard]] inline walked walk(const program& of) { return detail::walker{of}(); }

/// The instruction of its function that an address is inside of; of length 0 if none is known.
[[nodiscard]] inline instruction instruction_around(const program& program, std::uint64_t at) {
    const function* const in = program.function_of(at);
    instruction each{.at = in != nullptr ? in->begin : at};
    while (in != nullptr && each.end() <= at) {
        each = program.instruction_at(each.end(), in->end);
        if (each.length == 0) {
            break;
        }
    }
    return each;
}

} // namespace check
} // namespace inlay
