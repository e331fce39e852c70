// SPDX-License-Identifier: BSL-1.0
//
// command_line: looks for words. See command_line.hpp.
#include "command_line.hpp"

namespace kernel {

namespace {

constinit const char* command_line = "";

/// The text after `word`, if the text begins with it; else null.
[[nodiscard]] const char* after(const char* text, const char* word) noexcept {
    size_t i = 0;
    while (word[i] != '\0' && text[i] == word[i]) {
        ++i;
    }
    return word[i] == '\0' ? text + i : nullptr;
}

/// The text after `word` where a word of the command line begins with it; else null.
[[nodiscard]] const char* find(const char* word) noexcept {
    for (const char* at = command_line; *at != '\0';) {
        if (const char* const end = after(at, word); end != nullptr) {
            return end;
        }
        while (*at != '\0' && *at != ' ') {
            ++at;
        }
        at += *at == ' ' ? 1 : 0;
    }
    return nullptr;
}

} // namespace

void set_command_line(const char* text) noexcept { command_line = text; }

bool asked_for(const char* word) noexcept {
    const char* const end = find(word);
    return end != nullptr && (*end == '\0' || *end == ' ');
}

u64 number_for(const char* name, u64 otherwise) noexcept {
    const char* at = find(name);
    if (at == nullptr || *at != '=') {
        return otherwise;
    }
    u64 value = 0;
    for (++at; *at >= '0' && *at <= '9'; ++at) {
        value = value * 10 + static_cast<u64>(*at - '0');
    }
    return value;
}

bool named(const char* test) noexcept {
    const char* at = find("test=");
    while (at != nullptr) {
        const char* const end = after(at, test);
        if (end != nullptr && (*end == '\0' || *end == ' ' || *end == ',')) {
            return true;
        }
        while (*at != '\0' && *at != ' ' && *at != ',') {
            ++at;
        }
        at = *at == ',' ? at + 1 : nullptr;
    }
    return false;
}

bool wanted(const char* test) noexcept { return find("test=") == nullptr || named(test); }

} // namespace kernel
