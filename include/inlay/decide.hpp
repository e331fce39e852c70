// SPDX-License-Identifier: BSL-1.0
//
// decide: which bytes belong to a site. Pure: it reads the tables and asks about features; it writes nothing.
//
//     inlay::patch bytes;
//     auto without_avx2 = [](const inlay::table::feature_record& feature) noexcept { return ...; };
//     if (inlay::decide(image, record, without_avx2, bytes) == inlay::error::no_error) ...
//
// The patcher, changes, the report and the tests all call these functions, so that what is reported is what happens.
// (Linux came to the same end: "have only one paravirt patch function".)
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
// The architecture is a parameter of all of them. A function that gets an image, or a reader of one, takes the image's own
// target (decide/reader.hpp); one that gets no image takes it as its first template argument. Without either it is
// arch::here.
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
