// SPDX-License-Identifier: BSL-1.0
//
// Uses the headers that name things by text, in a file of its own: they need the C++ library and Boost.Hana.
#include <inlay/controls.hpp>

#include <cstdio>

namespace {

int plain(int x) { return x; }
int better(int x) { return x + 1; }
void event(int x) noexcept { std::printf("%d\n", x); }

enum class speed : unsigned char { slow, fast };
inline constexpr inlay::static_key<"warnings.trace", false> trace;
inline constexpr inlay::static_switch<"warnings.level", 4, 0> level;
inline constexpr inlay::static_switch<"warnings.speed", 2, speed::slow> pace;
inline constexpr inlay::static_call<"warnings.call", &plain> call;
inline constexpr inlay::hook<"warnings.hook", void(int)> seen;

inline constexpr auto knobs =
    inlay::controls(trace, level, pace, inlay::control(call, inlay::target<"better", &better>),
                    inlay::control(seen, inlay::target<"event", &event>));

bool failed(const inlay::configured& done) {
    if (!done) {
        std::fputs(done.text().c_str(), stderr);
    }
    return !done;
}

} // namespace

int main(int argc, char** argv) {
    using namespace inlay::literals;
    bool trouble = !inlay::apply();
    trouble |= failed(inlay::configure("warnings.trace=on"));
    trouble |= failed(inlay::configure_file("warnings.txt"));
    trouble |= failed(inlay::configure_environment());
    trouble |= failed(inlay::configure_arguments(argc, argv));
    trouble |= failed(inlay::configure(knobs, "warnings.call=better"));
    trouble |= failed(inlay::configure_file(knobs, "warnings.txt"));
    trouble |= failed(inlay::configure_environment(knobs, "WARNINGS"));
    trouble |= failed(inlay::configure_arguments(knobs, argc, argv, "--with"));
    trouble |= !inlay::print(knobs) || !inlay::print_names(stdout);
    trouble |= !inlay::for_each_name([](const inlay::name_entry& each) { std::puts(each.name); });
    if (const inlay::outcome done = inlay::set_by_name("warnings.trace", "off"); !done) {
        inlay::explain(done, "warnings.trace", "off",
                       [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); });
    }
    knobs["warnings.hook"_s](1);
    if (knobs["warnings.trace"_s]) {
        return knobs["warnings.call"_s](argc);
    }
    return knobs["warnings.speed"_s] == speed::fast || trouble ? 1 : 0;
}
