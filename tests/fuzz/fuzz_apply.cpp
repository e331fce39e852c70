// SPDX-License-Identifier: BSL-1.0
//
// decide() and apply() over arbitrary tables. With any bytes, they end, touch nothing outside the image, and write only
// through the platform; decide() writes nothing at all.
#include "../made_image.hpp"

#include <inlay/transaction.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

using inlay::address;
using inlay::error;
namespace table = inlay::table;

void require(bool good, const char* what) {
    if (!good) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

/// Two names, a key's and a call's, without noise: the linker makes their references, and a check reads them once. A
/// tree of names cannot survive other writes.
struct names {
    std::array<table::named, 2> records;
    std::array<char, 8> key_text{"key"};
    std::array<char, 8> call_text{"call"};
    std::array<table::cell, 2> cells;
    table::registry registry;
    std::array<std::uint8_t, 16> trampoline; // text of a kind
};

/// The image and the names beside it.
struct platform : made::platform {
    names& named;

    [[nodiscard]] bool within_names(address at, std::size_t size) const noexcept {
        return within(&named, sizeof(named), at, size);
    }
    [[nodiscard]] bool readable(address at, std::size_t size) const noexcept {
        return made::platform::readable(at, size) || within_names(at, size);
    }
    [[nodiscard]] bool writable(address at, std::size_t size) const noexcept {
        return made::platform::writable(at, size) || (size == sizeof(table::cell) && within_names(at, size));
    }
    [[nodiscard]] bool executable(address at, std::size_t size) const noexcept {
        return made::platform::executable(at, size) ||
               within(named.trampoline.data(), named.trampoline.size(), at, size);
    }
};

} // namespace

/// The first bytes give the size of each table. The rest is the data; the tables come first in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    if (size < 4) {
        return 0;
    }
    // Between guard pages, so that the sanitizer sees every access outside.
    const auto image = std::make_unique<made::memory>();
    for (std::size_t i = 0; i < made::text_size; ++i) {
        image->text[i] = static_cast<std::uint8_t>(i % 5 == 0 ? (i % 2 == 0 ? 0xe8 : 0xe9) : 0);
    }
    image->data.fill(0);
    const std::size_t used = size - 4 < made::data_size ? size - 4 : made::data_size;
    std::memcpy(image->data.data(), input + 4, used);

    const std::size_t alternatives = input[0];
    const std::size_t calls = input[1];
    auto* const start = image->data.data();
    const auto named = std::make_unique<names>();
    for (std::size_t i = 0; i < 2; ++i) {
        made::refer(named->records[i].name, i == 0 ? named->key_text.data() : named->call_text.data());
        made::refer(named->records[i].signature, named->key_text.data());
        made::refer(named->records[i].cell, &named->cells[i]);
        named->cells[i].state.hash = inlay::detail::hash_of(inlay::detail::text_at(named->records[i].name));
    }
    made::refer(named->records[1].trampoline, named->trampoline.data());
    named->cells[0].value = input[2] % 8U;
    named->cells[1].value = reinterpret_cast<address>(&image->text[input[2]]);
    // Noise cannot know how far the names are from the image: the references of some records are put right.
    auto* const key_records = reinterpret_cast<table::key_record*>(start + 512);
    auto* const call_records = reinterpret_cast<table::call_record*>(start + 256);
    const std::size_t keys = input[3];
    for (std::size_t i = 0; i < keys / sizeof(table::key_record); ++i) {
        if (key_records[i].key.distance % 8 == 0) {
            const auto shape = key_records[i].key.distance / 8 & 3;
            made::refer(key_records[i].key, named->records.data());
            key_records[i].key.distance += shape;
        }
    }
    for (std::size_t i = 0; i < calls / sizeof(table::call_record); ++i) {
        if (call_records[i].callee.distance % 8 == 0) {
            made::refer(call_records[i].callee, &named->records[1]);
        }
    }
    const table::tables tables{{reinterpret_cast<const table::alternative_record*>(start), alternatives},
                               {call_records, calls},
                               {key_records, keys},
                               {named->records.data(), sizeof(named->records)},
                               &named->registry};

    platform platform{{*image}, *named};
    for (const table::named& each : named->records) {
        inlay::reader<struct platform> from{platform};
        inlay::detail::check_named(from, each);
        require(from.trouble == error::no_error, "the names are in order, so that their sites are looked at");
    }
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

    // As a compiler leaves them: text that holds the originals, or apply() would write nothing.
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        const address site = record.site.target();
        inlay::reader<struct platform> from{platform};
        inlay::decision one{};
        inlay::decide(from, record, [](const table::feature_record&) noexcept { return false; }, one);
        inlay::patch bytes{};
        if (from.trouble == error::no_error &&
            made::platform::within(image->text.data(), made::text_size, site, one.length) &&
            inlay::place(*one.original, site, one.length, bytes, false) == error::no_error) {
            std::memcpy(reinterpret_cast<void*>(site), bytes.bytes, bytes.length);
        }
    }

    for (std::size_t i = 0; i < tables.keys.size(); ++i) {
        inlay::patch bytes{};
        const auto before = *image;
        inlay::reader<struct platform> from{platform};
        inlay::decide(from, tables.keys.records[i], named->cells[0].value, bytes);
        require(std::memcmp(&before, image.get(), sizeof(before)) == 0, "decide() is pure");
        require(from.trouble != error::no_error || bytes.length <= inlay::arch::longest_jump,
                "a key's site has a length");
    }

    // Noise may put a cell on top of a record, so that the run changes its own tables. Then a later pass may find an
    // error that the first pass did not. Even then, unwritten text must stay unchanged.
    const auto text = image->text;
    const auto done = inlay::apply(tables, platform);
    require(platform.writes != 0 || image->text == text, "only write() changes text");
    require(done || inlay::message(done.error())[0] != '\0', "an error has a message");
    require(done.sites == tables.alternatives.size() && done.calls == tables.calls.size(), "sites are counted");
    (void)inlay::apply(tables, platform);
    // Changes afterwards, in any state of the records.
    for (std::size_t i = 0; i < 2; ++i) {
        const auto change = i == 0 ? inlay::detail::to_number(1)
                                   : inlay::detail::to_address(reinterpret_cast<address>(image->text.data()));
        const auto changed = inlay::detail::change_tables(tables, named->records[i], change, platform);
        require(changed || inlay::message(changed.error())[0] != '\0', "an error has a message");
    }
    std::array<inlay::detail::listed_change, 2> all;
    inlay::detail::list_change(all[0], named->records[0], inlay::detail::to_number(0));
    inlay::detail::list_change(all[1], named->records[1], inlay::detail::to_address(0, table::call_mode::nothing));
    inlay::detail::change_list list{all.data(), 2, 2, 2};
    const auto changed = inlay::detail::change_tables(tables, list, platform);
    require(changed || list.failed <= 2, "an error is about a change, or about none");
    return 0;
}
