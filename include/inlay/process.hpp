// SPDX-License-Identifier: BSL-1.0
//
// process: apply() for ordinary programs and shared libraries on Linux.
//
//     int main() {
//         auto done = inlay::apply();
//         if (!done) std::fprintf(stderr, "inlay: %s\n", inlay::message(done.error()));
//
// The environment variable INLAY_FEATURES forces features, e.g. INLAY_FEATURES=-avx2,+app.x; a name that no
// feature has is an error and nothing is patched.
#pragma once

#include "inlay/apply.hpp"
#include "inlay/override.hpp"
#include "inlay/platform/linux.hpp"

#include <cstdlib>

namespace inlay {

/// Patches every site of the image (program or shared library) that calls it. Call it early in main(), or in
/// a library's constructor, before other threads run through sites. Idempotent.
[[gnu::visibility("hidden")]] inline outcome apply() noexcept {
    const table::tables tables = this_image();
    platform::process self;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): set-up code, see above
    if (const outcome bad = override_features(tables, self, std::getenv("INLAY_FEATURES"), arch::is_feature_name);
        !bad) {
        return bad;
    }
    return apply(tables, self);
}

} // namespace inlay
