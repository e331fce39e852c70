// SPDX-License-Identifier: BSL-1.0
//
// decide: computes the bytes that belong at a site. Pure: it reads the tables and asks about features; it writes
// nothing.
//
//     inlay::patch bytes;
//     auto without_avx2 = [](const inlay::table::feature_record& feature) noexcept { return ...; };
//     if (inlay::decide(image, record, without_avx2, bytes) == inlay::error::no_error) ...
//
// The patcher, changes, the report and the tests all call these functions, so that the report shows the patcher's
// decisions. (Linux came to the same design: "have only one paravirt patch function".)
//
//     decide/reader.hpp       reads tables that may be malformed, of an image of any machine
//     decide/form.hpp         one form: its parts, whether it is whole
//     decide/predicate.hpp    whether a predicate holds
//     decide/choose.hpp       which form wins
//     decide/place.hpp        the bytes of a form at a site
//     decide/key.hpp          the bytes of a key's site for a value
//     decide/name.hpp         whether a name in the tables is whole
//     decide/call.hpp         which call belongs to a record, and its bytes
//
// The architecture is a parameter of every function. A function with an image or a reader as a parameter takes the
// image's target (decide/reader.hpp). A function without an image takes the target as its first template argument. The
// default is arch::here.
#pragma once

#include "inlay/decide/call.hpp"
#include "inlay/decide/choose.hpp"
#include "inlay/decide/form.hpp"
#include "inlay/decide/key.hpp"
#include "inlay/decide/name.hpp"
#include "inlay/decide/patch.hpp"
#include "inlay/decide/place.hpp"
#include "inlay/decide/predicate.hpp"
#include "inlay/decide/reader.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// The bytes that belong to one record of an alternative on a machine with `features`.
template <class Image, class Features>
[[nodiscard]] error decide(const Image& image, const table::alternative_record& record, const Features& features,
                           patch& result) noexcept {
    reader<Image> from{image};
    decision chosen{};
    decide(from, record, features, chosen);
    return from.trouble != error::no_error ? from.trouble
                                           : place<detail::image_target<Image>>(*chosen.form, record.site.target(),
                                                                                chosen.length, result, true, image);
}

} // namespace INLAY_TARGET
} // namespace inlay
