// SPDX-License-Identifier: BSL-1.0
//
// patcher: which functions run while text is written, by their names.
//
// How it works. These are the functions of inlay's patcher, changes and platforms, and of a kernel's own platform. To
// them come memcpy() and its kin, which a compiler may call anywhere. A class is a platform if it is a template
// argument of the patcher.
#pragma once

#include "inlay/check/program.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

/// A demangled name without inlay's inline namespaces: "inlay::v3_for_sse_::apply" is "inlay::apply".
[[nodiscard]] inline std::string without_target(std::string name) {
    for (std::size_t at = 0; (at = name.find("::v", at)) != std::string::npos;) {
        std::size_t end = at + 3;
        while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) {
            ++end;
        }
        const std::size_t next = name.find("::", at + 2);
        const bool ours = end != at + 3 && name.compare(end, 5, "_for_") == 0 && next != std::string::npos;
        if (ours) {
            name.erase(at, next - at);
        } else {
            at += 3;
        }
    }
    return name;
}

/// The qualified name of a function: without template arguments, parameters and return type.
[[nodiscard]] inline std::string qualified(std::string_view name) {
    std::string result;
    int depth = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char each = name[i];
        if (each == '<' || each == '{') {
            ++depth;
        } else if (each == '>' || each == '}') {
            depth -= depth > 0 ? 1 : 0;
        } else if (depth == 0 && each == '(' && name.substr(i, 21) != "(anonymous namespace)") {
            break;
        } else if (depth == 0 && each == ' ' && name.substr(i, 11) != " namespace)") {
            result.clear(); // the text before this was the return type
        } else if (depth == 0) {
            result += each;
        }
    }
    return result;
}

class patcher_names {
public:
    explicit patcher_names(const program& program) {
        for (const auto& each : program.functions()) {
            if (each.name.find("apply_run") != std::string::npos || each.name.find("patch_all") != std::string::npos ||
                each.name.find("image_change") != std::string::npos) {
                add_platforms(without_target(report::detail::demangled(each.name.c_str())));
            }
        }
    }

    [[nodiscard]] bool is_patcher(const std::string& symbol) const {
        if (symbol == "memcpy" || symbol == "memmove" || symbol == "memset" || symbol == "memcmp") {
            return true;
        }
        const std::string name = qualified(without_target(report::detail::demangled(symbol.c_str())));
        for (const std::string_view start :
             {"inlay::platform::", "inlay::apply", "inlay::detail::apply_run", "inlay::detail::patch_",
              "inlay::detail::make_pass", "inlay::detail::image_change", "inlay::detail::make_change",
              "inlay::detail::text_writer", "inlay::detail::exclusively", "inlay::detail::take_back",
              "inlay::detail::check_text", "inlay::detail::applying", "inlay::detail::copy", "inlay::reader",
              "inlay::place", "inlay::decide", "inlay::choose", "inlay::evaluate", "inlay::text_poke"}) {
            if (name.starts_with(start)) {
                return true;
            }
        }
        const std::size_t member = name.rfind("::");
        return member != std::string::npos && platforms_.contains(name.substr(0, member));
    }

private:
    /// Takes the first template argument of the patcher's classes and functions.
    void add_platforms(const std::string& name) {
        for (const std::string_view of : {"apply_run<", "patch_all<", "image_change<"}) {
            for (std::size_t at = 0; (at = name.find(of, at)) != std::string::npos;) {
                at += of.size();
                const std::size_t end = name.find_first_of(",<>", at);
                if (end != std::string::npos) {
                    platforms_.insert(name.substr(at, end - at));
                }
            }
        }
    }

    std::set<std::string> platforms_{};
};

} // namespace detail
} // namespace check
} // namespace inlay
