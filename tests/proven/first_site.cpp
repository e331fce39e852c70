// SPDX-License-Identifier: BSL-1.0
//
// A program without a library, whose text begins with the site of first_site.S.
#include <inlay/apply_proven.hpp>
#include <inlay/kernel.hpp>

extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node first_site_on;
[[noreturn]] void _start(); // NOLINT(*-identifier*): the linker's
}

namespace {
void do_nothing() noexcept {}
inline constexpr inlay::feature<"first.on", inlay::by_hand{}> on;
} // namespace

extern "C" void _start() { // NOLINT(*-identifier*)
    inlay::name_for_assembly<&first_site_on, on>();
    inlay::platform::bare<&do_nothing> kernel{};
    (void)inlay::apply_proven<4096>(kernel);
    __builtin_trap();
}
