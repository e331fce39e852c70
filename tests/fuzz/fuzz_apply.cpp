// SPDX-License-Identifier: BSL-1.0
//
// decide() and apply() over arbitrary tables: whatever the bytes, they end, touch nothing outside the image, and
// write only through the platform; decide() writes nothing at all.
#include "../made_image.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

using inlay::error;
namespace table = inlay::table;

void require(bool good, const char* what) {
    if (!good) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

} // namespace

/// The first bytes say how many bytes of each table there are; the rest is the data, in which the tables come first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    if (size < 3) {
        return 0;
    }
    // Between pages of its own, so that the sanitizer sees every step outside.
    const auto image = std::make_unique<made::memory>();
    for (std::size_t i = 0; i < made::text_size; ++i) {
        image->text[i] = static_cast<std::uint8_t>(i % 5 == 0 ? 0xe8 : 0);
    }
    image->data.fill(0);
    const std::size_t used = size - 3 < made::data_size ? size - 3 : made::data_size;
    std::memcpy(image->data.data(), input + 3, used);

    const std::size_t alternatives = input[0];
    const std::size_t calls = input[1];
    auto* const start = image->data.data();
    const table::tables tables{{reinterpret_cast<const table::alternative_record*>(start), alternatives},
                               {reinterpret_cast<table::call_record*>(start + 256), calls}};

    made::platform platform{*image};
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        inlay::patch bytes{};
        const bool on = (input[2] >> (i % 8) & 1) != 0;
        const auto before = *image;
        const error trouble = inlay::decide(
            platform, tables.alternatives.records[i], [on](const table::feature_record&) noexcept { return on; },
            bytes);
        require(std::memcmp(&before, image.get(), sizeof(before)) == 0, "decide() is pure");
        require(trouble != error::no_error || (bytes.length > 0 && bytes.length <= inlay::max_code_length),
                "a decision has a length");
    }

    // Noise may have a cell lie on top of a record, so that the run changes its own tables: a later pass can then
    // meet an error that the first one did not. Text that has not been written must be as it was all the same.
    const auto text = image->text;
    const auto done = inlay::apply(tables, platform);
    require(platform.writes != 0 || image->text == text, "only write() changes text");
    require(done || inlay::message(done.error())[0] != '\0', "an error has a message");
    require(done.sites == tables.alternatives.size() && done.calls == tables.calls.size(), "sites are counted");
    (void)inlay::apply(tables, platform);
    return 0;
}
