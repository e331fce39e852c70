// SPDX-License-Identifier: BSL-1.0
//
// 8. Static switch: a branch of many ways.
//
// What. `static_switch<"tour.codec", 3, codec::plain>` is an enum that code reads without touching memory. `switch
// (chosen)` is one nop for the initial value, and one jump to the case for any other value. set() changes the value.
//
// Why. One of three codecs, of four log levels, of five page-table depths: a program sets these values once and asks
// for them everywhere. A switch statement loads, compares and jumps through a table; that jump is an indirect branch.
// Linux uses several static keys instead, or a static call if the ways are functions. inlay has one object of up to 64
// ways.
//
// How it works underneath. As with a static key, the site begins as a jump to code that reads the value and compares.
// Its record refers to a list with the addresses of all ways, and set() writes a jump to one of them. One set() changes
// all sites of a switch, each in one step. Meanwhile, a thread may meet one site with the old value and one with the
// new: if two decisions must agree, use one site.
//
//   build/tour/examples/tour/08_static_switch [plain|run_length|delta]       (default: each in turn)
#include "tour.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

using bytes = std::vector<std::uint8_t>;

enum class codec : std::uint8_t { plain, run_length, delta };
const char* const names_of_codecs[] = {"plain", "run_length", "delta"};

inline constexpr inlay::static_switch<"tour.codec", 3, codec::plain> chosen;

[[gnu::noinline]] bytes copy(const bytes& data) { return data; }

/// Pairs: the number of equal bytes in a row, then the byte.
[[gnu::noinline]] bytes runs(const bytes& data) {
    bytes result;
    for (const auto each : data) {
        const std::size_t size = result.size();
        if (size != 0 && result[size - 1] == each && result[size - 2] != 255) {
            ++result[size - 2];
        } else {
            result.push_back(1);
            result.push_back(each);
        }
    }
    return result;
}
[[gnu::noinline]] bytes from_runs(const bytes& data) {
    bytes result;
    for (std::size_t i = 0; i + 1 < data.size(); i += 2) {
        result.insert(result.end(), data[i], data[i + 1]);
    }
    return result;
}

/// The runs of the differences between each byte and the previous one: short if the bytes rise evenly.
[[gnu::noinline]] bytes deltas(const bytes& data) {
    bytes result = data;
    for (std::size_t i = data.size(); i-- > 1;) {
        result[i] = static_cast<std::uint8_t>(data[i] - data[i - 1]);
    }
    return runs(result);
}
[[gnu::noinline]] bytes from_deltas(const bytes& data) {
    bytes result = from_runs(data);
    for (std::size_t i = 1; i < result.size(); ++i) {
        result[i] = static_cast<std::uint8_t>(result[i] + result[i - 1]);
    }
    return result;
}

[[gnu::noinline]] bytes encode(const bytes& data) {
    switch (chosen) {
    case codec::plain:
        return copy(data);
    case codec::run_length:
        return runs(data);
    case codec::delta:
        return deltas(data);
    }
    return {};
}

[[gnu::noinline]] bytes decode(const bytes& data) {
    switch (chosen) {
    case codec::plain:
        return copy(data);
    case codec::run_length:
        return from_runs(data);
    case codec::delta:
        return from_deltas(data);
    }
    return {};
}

/// A tank's level, once a minute: it stays, rises, and stays again.
bytes levels() {
    bytes result(20, 7);
    for (std::uint8_t level = 9; level < 100; level = static_cast<std::uint8_t>(level + 2)) {
        result.push_back(level);
    }
    result.insert(result.end(), 10, 99);
    return result;
}

bool right = true;
void expect(bool each) { right = right && each; }

/// Encodes and decodes; expects the same data, and an encoding of `size` bytes.
void round_trip(const bytes& data, std::size_t size) {
    const bytes code = encode(data);
    const bool same = decode(code) == data;
    std::printf("        -> %zu bytes become %zu; decoded, they are %s\n", data.size(), code.size(),
                same ? "the same" : "OTHERS");
    expect(same && code.size() == size);
}

} // namespace

int main(int count, char** arguments) {
    const std::string_view wanted = count > 1 ? arguments[1] : "";
    const struct {
        codec way;
        std::size_t size; ///< of the encoded data
    } ways[] = {{codec::run_length, 94}, {codec::delta, 8}, {codec::plain, 76}};
    bool known = wanted.empty();
    for (const auto* each : names_of_codecs) {
        known = known || wanted == each;
    }
    if (!known) {
        std::fprintf(stderr, "usage: 08_static_switch [plain|run_length|delta]\n");
        return 2;
    }

    tour::title(8, "Static switch: a branch of many ways");
    tour::say(
        "encode() is a switch statement over a static switch of three ways, and so is decode(). As the compiler left\n"
        "it, the site (\">\") jumps to code that reads the value and compares.");
    const bytes data = levels();
    tour::call_it(reinterpret_cast<inlay::address>(&decltype(chosen)::state), "chosen");
    tour::call_it(tour::address_of(&copy), "copy");
    tour::call_it(tour::address_of(&runs), "runs");
    tour::call_it(tour::address_of(&deltas), "deltas");
    const auto function = tour::find_function(tour::address_of(&encode));
    const auto site = tour::find_key(chosen, function);
    tour::list("encode(), compiled", function, site);
    round_trip(data, 76);

    std::printf(
        "\nThe way that the declaration names falls through the site; each other way is a jump to its begin.\n\n");
    tour::apply_or_leave();
    tour::show("applied: plain", site);
    round_trip(data, 76);
    for (const auto& each : ways) {
        const std::string name = names_of_codecs[static_cast<unsigned>(each.way)];
        if (wanted.empty() || wanted == name) {
            const auto done = inlay::set(chosen, each.way);
            expect(done && chosen == each.way);
            tour::show(("set: " + name).c_str(), site);
            round_trip(data, each.size);
        }
    }

    const auto before = static_cast<codec>(chosen);
    const auto done = inlay::set(chosen, static_cast<codec>(3));
    std::printf("    %-26s %s\n", "set: a fourth one", tour::sentence(done).c_str());
    expect(done.error() == inlay::error::value_outside && chosen == before);

    tour::next("the report: every site of a program, on this CPU and on others.");
    return right ? 0 : 1;
}
