// SPDX-License-Identifier: BSL-1.0
//
// device_tree: reads the flattened device tree that the loader left.
//
//     const device_tree tree{blob, limit};
//     if (const auto gic = tree.find_compatible("arm,gic-v3")) {
//         device_tree::range registers{};
//         if (tree.reg(gic, 0, registers)) ...
//     }
//
// What. Nodes in their order, by `compatible`, by device_type or by path; properties; addresses.
// Why. The tree gives the places of devices, the processors, and the way to call firmware.
// How. Nothing is copied: a node is a place in the blob. The blob is not trusted. Each read is checked against the
// limit, and a property that is too short is none. Where the structure is damaged, the tree ends. Devicetree
// Specification v0.4, chapter 5. Addresses are those of the bus that all nodes read here are on (`ranges` is empty).
#pragma once

#include "types.hpp"

namespace kernel {

class device_tree {
public:
    struct range {
        u64 base;
        u64 size;
    };
    struct property {
        const u8* data;
        u32 size;

        explicit operator bool() const noexcept { return data != nullptr; }
    };
    /// A node, and the data to find the next one.
    struct node {
        static constexpr unsigned most_levels = 8;
        u32 inside;                    ///< offset of its first property; 0: no node
        u32 depth;                     ///< 0 for the root
        const char* name;              ///< ends within the blob
        u8 address_cells[most_levels]; ///< for children of the node at each depth
        u8 size_cells[most_levels];

        explicit operator bool() const noexcept { return inside != 0; }
    };

    constexpr device_tree() noexcept = default;
    /// Reads no byte at or beyond blob + limit.
    device_tree(const void* blob, size_t limit) noexcept;
    explicit operator bool() const noexcept { return structure_size_ != 0; }
    /// As the header says, at most the limit.
    [[nodiscard]] u32 size() const noexcept { return size_; }

    [[nodiscard]] node root() const noexcept;
    /// The next node in the order of the blob.
    [[nodiscard]] node next(const node& from) const noexcept;
    /// The next node after `from` that has this among its `compatible` strings, and is not switched off.
    [[nodiscard]] node find_compatible(const char* text, const node& from = {}) const noexcept;
    /// The same by device_type ("cpu", "memory").
    [[nodiscard]] node find_type(const char* type, const node& from = {}) const noexcept;
    /// A child of the root by its whole name.
    [[nodiscard]] node find_name(const char* name) const noexcept;

    [[nodiscard]] property find(const node& of, const char* name) const noexcept;
    /// A property that is a text with its end.
    [[nodiscard]] const char* text(const node& of, const char* name) const noexcept;
    /// The pair with this number in `reg`. False if `reg` has fewer.
    [[nodiscard]] bool reg(const node& of, u32 number, range& result) const noexcept;
    /// Whether `status` says nothing else.
    [[nodiscard]] bool enabled(const node& of) const noexcept;

private:
    [[nodiscard]] u32 word(u32 offset) const noexcept;
    /// The bytes of the text at `offset` in the structure, with its end; 0 if it has none.
    [[nodiscard]] u32 text_length(u32 offset) const noexcept;
    /// The property at this token. False if it is no property. `after` is the offset of the next token.
    [[nodiscard]] bool property_at(u32 offset, const char*& name, property& result, u32& after) const noexcept;
    [[nodiscard]] node enter(const node& parent, u32 token, u32 depth) const noexcept;

    const u8* blob_{};
    u32 size_{};
    u32 structure_{};
    u32 structure_size_{};
    u32 strings_{};
    u32 strings_size_{};
};

} // namespace kernel
