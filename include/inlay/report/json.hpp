// SPDX-License-Identifier: BSL-1.0
//
// json: a report for programs (RFC 8259).
//
//     {"cpu": "this",
//      "sites": [{"kind": "alternative", "name": "barrier", "state": "original", "as_decided": false,
//                 "place": {"address": "0x55d0c0de1234", "function": "run_barrier()", "offset": 4,
//                           "module": "/usr/bin/app", "module_offset": 4660, "file": "/src/main.cpp", "line": 12},
//                 "choices": [{"ordinal": 0, "predicate": null, "wins": false, "code": {...}}, ...],
//                 "before": {"bytes": "0f ae f0", "instructions": ["mfence"]}, "after": ..., "now": ...}],
//      "features": [{"name": "sse2", "value": true, "found_by": "cpuid leaf 0x1 edx bit 26", "forced": false, ...}],
//      "summary": {"alternatives": 1, "patched": 0, ...}}
//
// Unknown values are null. Addresses are strings, since a JSON number need not hold 64 bits. Sites of kind "call" and
// "static call" also have "direct", and their choices "target". Those of kind "pv call" have "direct" and "inlined".
// Their choice of ordinal 0 has a "target": a function, "nothing" or "missing". The other choices are code, and have
// null. Those of kind "static key" and "static switch" have "direct" and "value", a boolean or a number. Their choices
// are by value. Their "place" is the destination of the site's jump, or null where the site falls through.
#pragma once

#include "inlay/report/collect.hpp"
#include "inlay/report/text.hpp"

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

namespace detail {

/// Length of the well-formed UTF-8 sequence (Unicode, table 3-7) at the start of `text`; 0 without one.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto tail = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80; };
    const unsigned first = at(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf && tail(1)) {
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef && tail(1) && tail(2) && !(first == 0xe0 && at(1) < 0xa0) &&
        !(first == 0xed && at(1) > 0x9f)) {
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4 && tail(1) && tail(2) && tail(3) && !(first == 0xf0 && at(1) < 0x90) &&
        !(first == 0xf4 && at(1) > 0x8f)) {
        return 4;
    }
    return 0;
}

/// A string literal of JSON. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] inline std::string json_string(std::string_view text) {
    std::string result = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char first = text[0];
        if (length == 0) {
            result += "\\ufffd";
        } else if (first == '"' || first == '\\') {
            result += {'\\', first};
        } else if (static_cast<unsigned char>(first) < 0x20) {
            constexpr const char* digits = "0123456789abcdef";
            result += "\\u00";
            result += first >= 0x10 ? '1' : '0';
            result += digits[static_cast<unsigned>(first) & 15U];
        } else {
            result += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return result + '"';
}

/// Writes values one after the other, with commas where they belong.
class json_writer {
public:
    explicit json_writer(std::ostream& out) : out_{out} {}

    template <class Members>
    void object(const Members& members) {
        enclosed('{', '}', members);
    }
    template <class List, class Element>
    void array(const List& list, const Element& element) {
        enclosed('[', ']', [&] {
            for (const auto& each : list) {
                next();
                element(each);
            }
        });
    }
    json_writer& key(std::string_view name) {
        next();
        out_ << json_string(name) << ": ";
        return *this;
    }
    void value(std::string_view text) { out_ << json_string(text); }
    void value(std::same_as<bool> auto is) { out_ << (is ? "true" : "false"); }
    void value(std::unsigned_integral auto number)
        requires(!std::same_as<decltype(number), bool>)
    {
        out_ << std::to_string(number); // not the stream's way: its locale may group digits
    }
    void null() { out_ << "null"; }
    void value_or_null(bool known, const auto& what) {
        if (known) {
            value(what);
        } else {
            null();
        }
    }

private:
    template <class Inside>
    void enclosed(char open, char close, const Inside& inside) {
        out_ << open;
        ++depth_;
        first_ = true;
        inside();
        --depth_;
        if (!first_) {
            line();
        }
        first_ = false;
        out_ << close;
    }
    void next() {
        if (!first_) {
            out_ << ',';
        }
        first_ = false;
        line();
    }
    void line() { out_ << '\n' << std::string(std::size_t{2} * depth_, ' '); }

    std::ostream& out_;
    unsigned depth_{};
    bool first_{true};
};

inline void write(json_writer& json, const code& what) {
    if (what.bytes.empty()) {
        json.null();
        return;
    }
    json.object([&] {
        json.key("bytes").value(hex_bytes(what.bytes));
        json.key("instructions").array(what.instructions, [&](const std::string& each) { json.value(each); });
    });
}

inline void write(json_writer& json, const place& where) {
    const bool function = !where.function.empty();
    const bool module = !where.module.empty();
    const bool file = !where.file.empty();
    json.object([&] {
        json.key("address").value(hex(where.at));
        json.key("function").value_or_null(function, where.function);
        json.key("offset").value_or_null(function, where.offset);
        json.key("module").value_or_null(module, where.module);
        json.key("module_offset").value_or_null(module, where.module_offset);
        json.key("file").value_or_null(file, where.file);
        json.key("line").value_or_null(file, static_cast<unsigned>(where.line));
    });
}

inline void write(json_writer& json, const site_entry& site) {
    json.object([&] {
        json.key("kind").value(word_of(site.kind));
        json.key("name").value(site.name);
        write(json.key("place"), site.where);
        json.key("state").value(word_of(site.state));
        json.key("as_decided").value(site.as_decided());
        if (site.kind != site_kind::alternative) {
            json.key("direct").value(site.direct);
        }
        if (site.kind == site_kind::pv_call) {
            json.key("inlined").value(site.inlined);
        }
        if (site.kind == site_kind::static_key) {
            json.key("value").value_or_null(site.value.has_value(), site.value != 0U);
        } else if (site.is_key()) {
            json.key("value").value_or_null(site.value.has_value(), site.value.value_or(0));
        }
        json.key("malformed").value(site.malformed);
        json.key("note").value_or_null(!site.trouble.empty(), site.trouble);
        json.key("choices").array(site.choices, [&](const choice& each) {
            json.object([&] {
                json.key("ordinal").value(each.ordinal);
                json.key("predicate").value_or_null(each.ordinal != 0 || site.is_key(), each.predicate);
                json.key("wins").value(each.wins);
                if (site.is_call()) {
                    json.key("target").value_or_null(!each.target.empty(), each.target);
                } else if (site.is_key()) {
                    json.key("place");
                    if (each.where.at != 0) {
                        write(json, each.where);
                    } else {
                        json.null();
                    }
                }
                write(json.key("code"), each.code);
            });
        });
        write(json.key("before"), site.before);
        write(json.key("after"), site.after);
        write(json.key("now"), site.now);
    });
}

} // namespace detail

/// Writes a report as JSON.
inline void write_json(std::ostream& out, const contents& what) {
    detail::json_writer json{out};
    json.object([&] {
        json.key("cpu").value(what.cpu);
        json.key("note").value_or_null(!what.trouble.empty(), what.trouble);
        json.key("sites").array(what.sites, [&](const site_entry& site) { detail::write(json, site); });
        json.key("features").array(what.features, [&](const feature_entry& feature) {
            json.object([&] {
                json.key("name").value(feature.name);
                json.key("value").value(feature.value);
                json.key("found_by").value(feature.found_by);
                json.key("decided_by").value(feature.decided_by);
                json.key("forced").value(feature.forced);
                json.key("note").value_or_null(feature.trouble != error::no_error,
                                               std::string_view{message(feature.trouble)});
            });
        });
        const counts& sum = what.summary;
        json.key("summary").object([&] {
            json.key("alternatives").value(sum.alternatives);
            json.key("original").value(sum.original);
            json.key("patched").value(sum.patched);
            json.key("other").value(sum.other);
            json.key("calls").value(sum.calls);
            json.key("direct").value(sum.direct);
            json.key("through_trampoline").value(sum.through_trampoline);
            json.key("static_calls").value(sum.static_calls);
            json.key("static_calls_direct").value(sum.static_calls_direct);
            json.key("keys").value(sum.keys);
            json.key("keys_direct").value(sum.keys_direct);
            json.key("pv_calls").value(sum.pv_calls);
            json.key("pv_calls_direct").value(sum.pv_calls_direct);
            json.key("pv_calls_inlined").value(sum.pv_calls_inlined);
            json.key("as_decided").value(sum.as_decided);
            json.key("malformed").value(sum.malformed);
        });
    });
    out << '\n';
}

} // namespace report
} // namespace inlay
