// SPDX-License-Identifier: BSL-1.0
//
// device_tree: the reader. See device_tree.hpp.
#include "device_tree.hpp"

namespace kernel {

namespace {

constexpr u32 magic = 0xd00dfeed;
constexpr u32 begin_node = 1;
constexpr u32 end_node = 2;
constexpr u32 property_token = 3;
constexpr u32 nothing = 4;
constexpr u32 header_size = 40;

[[nodiscard]] u32 big_endian(const u8* at) noexcept {
    return u32{at[0]} << 24 | u32{at[1]} << 16 | u32{at[2]} << 8 | u32{at[3]};
}

[[nodiscard]] bool same(const char* a, const char* b) noexcept {
    while (*a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return *a == *b;
}

[[nodiscard]] constexpr u32 aligned(u32 offset) noexcept { return (offset + 3) & ~u32{3}; }

/// Whether a list of texts, each with its end, has this one.
[[nodiscard]] bool lists(device_tree::property list, const char* text) noexcept {
    u32 begin = 0;
    for (u32 at = 0; at < list.size; ++at) {
        if (list.data[at] == 0) {
            if (same(reinterpret_cast<const char*>(list.data + begin), text)) {
                return true;
            }
            begin = at + 1;
        }
    }
    return false;
}

} // namespace

device_tree::device_tree(const void* blob, size_t limit) noexcept {
    const auto* const bytes = static_cast<const u8*>(blob);
    if (blob == nullptr || limit < header_size || big_endian(bytes) != magic) {
        return;
    }
    const u32 total = big_endian(bytes + 4);
    const u32 structure = big_endian(bytes + 8);
    const u32 strings = big_endian(bytes + 12);
    const u32 strings_size = big_endian(bytes + 32);
    const u32 structure_size = big_endian(bytes + 36);
    const auto inside = [total](u32 at, u32 size) { return at >= header_size && at <= total && size <= total - at; };
    if (total > limit || total > 0x7fffffff || structure % 4 != 0 || !inside(structure, structure_size) ||
        !inside(strings, strings_size)) {
        return;
    }
    blob_ = bytes;
    size_ = total;
    structure_ = structure;
    structure_size_ = structure_size;
    strings_ = strings;
    strings_size_ = strings_size;
}

u32 device_tree::word(u32 offset) const noexcept {
    return structure_size_ >= 4 && offset <= structure_size_ - 4 ? big_endian(blob_ + structure_ + offset) : 0;
}

u32 device_tree::text_length(u32 offset) const noexcept {
    for (u32 at = offset; at < structure_size_; ++at) {
        if (blob_[structure_ + at] == 0) {
            return at - offset + 1;
        }
    }
    return 0;
}

bool device_tree::property_at(u32 offset, const char*& name, property& result, u32& after) const noexcept {
    while (word(offset) == nothing) {
        offset += 4;
    }
    if (word(offset) != property_token || offset + 12 > structure_size_) {
        after = offset;
        return false;
    }
    const u32 size = word(offset + 4);
    const u32 name_at = word(offset + 8);
    if (size > structure_size_ - (offset + 12) || name_at >= strings_size_) {
        after = structure_size_;
        return false;
    }
    u32 end = name_at;
    while (end < strings_size_ && blob_[strings_ + end] != 0) {
        ++end;
    }
    if (end == strings_size_) {
        after = structure_size_;
        return false;
    }
    name = reinterpret_cast<const char*>(blob_ + strings_ + name_at);
    result = {blob_ + structure_ + offset + 12, size};
    after = aligned(offset + 12 + size);
    return true;
}

device_tree::node device_tree::enter(const node& parent, u32 token, u32 depth) const noexcept {
    const u32 length = text_length(token + 4);
    if (length == 0 || depth >= node::most_levels) {
        return {};
    }
    node result = parent;
    result.inside = aligned(token + 4 + length);
    result.depth = depth;
    result.name = reinterpret_cast<const char*>(blob_ + structure_ + token + 4);
    const auto cells = [&](const char* name, u8 otherwise) {
        const property value = find(result, name);
        const u32 number = value && value.size == 4 ? big_endian(value.data) : otherwise;
        return static_cast<u8>(number <= 4 ? number : 255);
    };
    result.address_cells[depth] = cells("#address-cells", 2);
    result.size_cells[depth] = cells("#size-cells", 1);
    return result;
}

device_tree::node device_tree::root() const noexcept {
    u32 at = 0;
    while (word(at) == nothing) {
        at += 4;
    }
    return word(at) == begin_node ? enter({}, at, 0) : node{};
}

device_tree::node device_tree::next(const node& from) const noexcept {
    if (!from) {
        return root();
    }
    u32 at = from.inside;
    u32 depth = from.depth + 1; // of the next node to begin
    for (;;) {
        const char* name = nullptr;
        property value{};
        while (property_at(at, name, value, at)) {
        }
        const u32 token = word(at);
        if (token == begin_node) {
            return enter(from, at, depth);
        }
        if (token != end_node || depth <= 1) { // the end, or damage
            return {};
        }
        --depth;
        at += 4;
    }
}

device_tree::property device_tree::find(const node& of, const char* name) const noexcept {
    u32 at = of.inside;
    const char* each = nullptr;
    property value{};
    while (of && property_at(at, each, value, at)) {
        if (same(each, name)) {
            return value;
        }
    }
    return {};
}

const char* device_tree::text(const node& of, const char* name) const noexcept {
    const property value = find(of, name);
    return value && value.size != 0 && value.data[value.size - 1] == 0 ? reinterpret_cast<const char*>(value.data)
                                                                       : nullptr;
}

bool device_tree::enabled(const node& of) const noexcept {
    const property status = find(of, "status");
    return !status || lists(status, "okay") || lists(status, "ok");
}

device_tree::node device_tree::find_compatible(const char* text, const node& from) const noexcept {
    for (node each = next(from); each; each = next(each)) {
        if (lists(find(each, "compatible"), text) && enabled(each)) {
            return each;
        }
    }
    return {};
}

device_tree::node device_tree::find_type(const char* type, const node& from) const noexcept {
    for (node each = next(from); each; each = next(each)) {
        if (lists(find(each, "device_type"), type) && enabled(each)) {
            return each;
        }
    }
    return {};
}

device_tree::node device_tree::find_name(const char* name) const noexcept {
    for (node each = next({}); each; each = next(each)) {
        if (each.depth == 1 && same(each.name, name)) {
            return each;
        }
    }
    return {};
}

bool device_tree::reg(const node& of, u32 number, range& result) const noexcept {
    if (!of || of.depth == 0) {
        return false;
    }
    const u32 address_cells = of.address_cells[of.depth - 1];
    const u32 size_cells = of.size_cells[of.depth - 1];
    const property value = find(of, "reg");
    if (address_cells == 0 || address_cells > 2 || size_cells > 2) {
        return false;
    }
    const u32 step = 4 * (address_cells + size_cells);
    if (!value || number >= value.size / step) {
        return false;
    }
    const u8* at = value.data + size_t{number} * step;
    const auto take = [&at](u32 cells) {
        u64 sum = 0;
        for (; cells != 0; --cells, at += 4) {
            sum = sum << 32 | big_endian(at);
        }
        return sum;
    };
    result.base = take(address_cells);
    result.size = take(size_cells);
    return true;
}

} // namespace kernel
