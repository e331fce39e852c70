// SPDX-License-Identifier: BSL-1.0
//
// text: a report for people.
//
//     barrier  alternative  main.cpp:12 in run_barrier+0x4  original
//         before  original         0f ae f0 0f 1f 00  mfence; nop
//                 sse2             0f ae e8 0f 1f 00  lfence; nop
//         after   sse2 && !xenpv   f0 83 44 24 fc 00  lock add dword ptr [rsp-0x4], 0x0
//
//     app.trace  static key  main.cpp:20 in run+0x9  original
//         before  reads memory  e9 17 00 00 00  jmp run+0x25
//                 true          e9 02 00 00 00  jmp run+0x10, main.cpp:21
//         after   false         0f 1f 44 00 00  nop, falls through
//
//     sched_clock  static call  main.cpp:30 in tick+0x4  patched
//         before  trampoline  e8 f7 0e 00 00  call trampoline of sched_clock
//         after   target      e8 17 ff ff ff  call tsc_clock
//
//     irq.save_fl  pv call  main.cpp:40 in report+0x8  patched
//         before  pointer  ff 15 0a 2e 00 00  call [irq.save_fl]
//                 call     e8 c5 fe ff ff 90  call thunk of xen_save_fl; nop
//         after   !xenpv   9c 58 0f 1f 40 00  pushfq; pop rax; nop
//
// The last word of the first line is the state of the site's memory. If it holds neither form, a line `now` shows it.
// The original of a key is shown while it is in memory.
#pragma once

#include "inlay/report/collect.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

[[nodiscard]] constexpr const char* word_of(state value) noexcept {
    return value == state::original  ? "original"
           : value == state::patched ? "patched"
           : value == state::other   ? "other"
                                     : "unknown";
}

[[nodiscard]] constexpr const char* word_of(site_kind value) noexcept {
    return value == site_kind::alternative   ? "alternative"
           : value == site_kind::call        ? "call"
           : value == site_kind::static_call ? "static call"
           : value == site_kind::static_key  ? "static key"
           : value == site_kind::pv_call     ? "pv call"
                                             : "static switch";
}

/// "0f ae f0"
[[nodiscard]] inline std::string hex_bytes(const std::vector<std::uint8_t>& bytes) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : bytes) {
        text += text.empty() ? "" : " ";
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

namespace detail {

class text_writer {
public:
    text_writer(std::ostream& out, bool coloured) : out_{out}, coloured_{coloured} {
        std::error_code ignored;
        directory_ = std::filesystem::current_path(ignored).string() + '/';
    }

    void write(const contents& what) {
        out_ << "inlay: sites on the CPU " << paint("1", what.cpu) << '\n';
        trouble(what.trouble);
        for (const auto& site : what.sites) {
            out_ << '\n';
            write(site);
        }
        write_features(what.features);
        write(what.summary);
    }

private:
    /// `text` in a colour, given by the number of its escape sequence (ECMA-48, SGR).
    [[nodiscard]] std::string paint(const char* number, const std::string& text) const {
        return coloured_ ? std::string{"\x1b["} + number + 'm' + text + "\x1b[0m" : text;
    }

    static std::string padded(std::string text, std::size_t width) {
        text.resize(std::max(width, text.size()), ' ');
        return text;
    }

    void trouble(const std::string& text) {
        if (!text.empty()) {
            out_ << "    " << paint("31", "note") << "    " << text << '\n';
        }
    }

    [[nodiscard]] std::string words_of_place(const place& where) const {
        const std::string text = symbols::describe(where);
        return where.file.empty() ? text : words_of_line(where) + " in " + text;
    }

    [[nodiscard]] std::string words_of_line(const place& where) const {
        const bool below = !directory_.empty() && where.file.starts_with(directory_);
        return (below ? where.file.substr(directory_.size()) : where.file) + ':' + std::to_string(where.line);
    }

    struct row {
        const char* label;
        const char* colour;
        std::string when, bytes, instructions;
    };

    static row row_of(const char* label, const char* colour, const choice& from, const code& shown) {
        std::string text;
        for (const auto& instruction : shown.instructions) {
            text += (text.empty() ? "" : "; ") + instruction;
        }
        if (text.empty() && !from.target.empty()) {
            text = from.target; // a call that was not found
        }
        return {label, colour, from.predicate, hex_bytes(shown.bytes), text};
    }

    void write(const site_entry& site) {
        const char* const colour = site.malformed || site.state == state::other ? "31"
                                   : site.state == state::patched               ? "32"
                                                                                : "33";
        out_ << paint("1", site.name) << "  " << word_of(site.kind) << "  " << words_of_place(site.where) << "  "
             << paint(colour, word_of(site.state)) << '\n';
        trouble(site.trouble);
        std::vector<row> rows;
        if (site.kind == site_kind::alternative && !site.choices.empty()) {
            rows.push_back(row_of("before", "", site.choices.front(), site.before));
        } else if (site.is_call() || !site.before.bytes.empty()) {
            const char* const unpatched_word = site.kind == site_kind::pv_call ? "pointer"
                                               : site.is_call()                ? "trampoline"
                                                                               : "reads memory";
            const choice unpatched{.predicate = unpatched_word, .code = {}, .target = {}, .where = {}};
            rows.push_back(row_of("before", "", unpatched, site.before));
        }
        const auto add = [&](const char* label, const char* shade, const choice& each, const code& shown) {
            rows.push_back(row_of(label, shade, each, shown));
            if (site.is_key()) {
                std::string& text = rows.back().instructions;
                const std::string to = each.where.at == 0        ? "falls through"
                                       : each.where.file.empty() ? ""
                                                                 : words_of_line(each.where);
                text += (text.empty() || to.empty() ? "" : ", ") + to;
            }
        };
        const choice* winner = nullptr;
        for (const auto& each : site.choices) {
            winner = each.wins ? &each : winner;
            if (!each.wins && (site.kind != site_kind::alternative || &each != &site.choices.front())) {
                add("", "2", each, each.code);
            }
        }
        if (winner != nullptr) {
            add("after", "32", *winner, site.after);
        }
        if (site.state == state::other) {
            rows.push_back(row_of("now", "31", {}, site.now));
        }
        std::size_t when = 0;
        std::size_t bytes = 0;
        for (const auto& each : rows) {
            when = std::max(when, each.when.size());
            bytes = std::max(bytes, each.bytes.size());
        }
        for (const auto& each : rows) {
            std::string line = padded(each.label, 6) + "  " + padded(each.when, when) + "  " +
                               padded(each.bytes, bytes) + "  " + each.instructions;
            line.erase(line.find_last_not_of(' ') + 1);
            out_ << "    " << (*each.colour != '\0' ? paint(each.colour, line) : line) << '\n';
        }
    }

    void write_features(const std::vector<feature_entry>& features) {
        std::size_t name = 0;
        for (const auto& each : features) {
            name = std::max(name, each.name.size());
        }
        out_ << "\nfeatures\n";
        for (const auto& each : features) {
            out_ << "    " << padded(each.name, name) << "  " << (each.value ? paint("32", "yes") : paint("2", "no"))
                 << (each.value ? "  " : "   ") << each.found_by;
            if (each.decided_by != "probe") {
                out_ << "; decided by " << each.decided_by;
            } else if (each.forced) {
                out_ << "; forced";
            }
            out_ << '\n';
            trouble(each.trouble != error::no_error ? message(each.trouble) : "");
        }
    }

    void write(const counts& sum) {
        const std::size_t sites = sum.alternatives + sum.calls + sum.static_calls + sum.keys + sum.pv_calls;
        out_ << "\nsummary\n"
             << "    " << sum.alternatives << " alternatives: " << sum.original << " original, " << sum.patched
             << " patched, " << sum.other << " other\n"
             << "    " << sum.calls << " calls: " << sum.direct << " direct, " << sum.through_trampoline
             << " through a trampoline\n"
             << "    " << sum.static_calls << " static calls: " << sum.static_calls_direct << " direct, "
             << sum.static_calls - sum.static_calls_direct << " through a trampoline\n"
             << "    " << sum.keys << " sites of keys: " << sum.keys_direct << " direct, " << sum.keys - sum.keys_direct
             << " reading memory\n"
             << "    " << sum.pv_calls << " pv calls: " << sum.pv_calls_direct << " direct, " << sum.pv_calls_inlined
             << " inlined, " << sum.pv_calls - sum.pv_calls_direct - sum.pv_calls_inlined << " through the pointer\n"
             << "    " << sum.as_decided << " of " << sites << " sites hold what this CPU needs, " << sum.malformed
             << " malformed\n";
    }

    std::ostream& out_;
    bool coloured_;
    std::string directory_{}; ///< the working directory with a slash; file names below it are shortened
};

} // namespace detail

/// Writes a report as text; with `coloured`, with escape sequences for a terminal.
inline void write_text(std::ostream& out, const contents& what, bool coloured = false) {
    detail::text_writer{out, coloured}.write(what);
}

} // namespace report
} // namespace inlay
