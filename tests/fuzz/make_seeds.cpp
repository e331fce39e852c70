// SPDX-License-Identifier: BSL-1.0
//
// Writes the seeds of the fuzz target: well-formed tables, one file each, into the folder named by the argument.
#include "../made_image.hpp"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace table = inlay::table;

struct seed {
    std::array<table::alternative_record, 4> alternatives;
    std::array<std::uint8_t, 256 - 4 * sizeof(table::alternative_record)> gap;
    std::array<table::call_record, 2> calls;
    std::array<std::uint8_t, 256 - 2 * sizeof(table::call_record)> second_gap;
    std::array<table::key_record, 3> keys;
    std::array<table::reference, 5> ways; // a way_table of four
    std::array<table::choice, 3> choices;
    table::form original;
    std::array<std::uint8_t, 8> original_bytes;
    table::form replacement;
    std::array<std::uint8_t, 16> replacement_bytes;
    std::array<table::predicate_node, 3> nodes;
    table::feature_record feature;
    table::feature_cell cell;
    table::callee callee;
    std::array<table::choice, 2> target_choices;
    alignas(8) inlay::address target;
    std::array<inlay::address, 2> targets;
    table::form indirect;
    std::array<std::uint8_t, 8> indirect_bytes;
    table::indirect_call call;
};

void write(const std::string& file, std::uint8_t alternatives, std::uint8_t calls, bool twice, std::uint8_t keys = 0,
           bool indirect = false) {
    const auto image = std::make_unique<made::memory>();
    image->data.fill(0);
    auto& s = *new (image->data.data()) seed{};
    for (std::size_t i = 0; i < s.alternatives.size(); ++i) {
        made::refer(s.alternatives[i].site, &image->text[16 * (i + 1)]);
        made::refer(s.alternatives[i].choices, &s.choices[2]);
    }
    for (std::size_t i = 0; i < s.calls.size(); ++i) {
        made::refer(s.calls[i].site, &image->text[128 + 16 * i]);
        made::refer(s.calls[i].callee, &s.callee);
    }
    for (std::size_t i = 0; i < s.keys.size(); ++i) { // the target puts references of keys right, see there
        made::refer(s.keys[i].site, &image->text[200 + 10 * i]);
        made::refer(s.keys[i].targets, i == 2 ? static_cast<void*>(s.ways.data()) : &image->text[300 + i]);
        s.keys[i].key.distance = static_cast<std::int32_t>(8 * i);
    }
    s.ways[0].distance = 4;
    for (std::size_t i = 1; i < s.ways.size(); ++i) {
        made::refer(s.ways[i], &image->text[400 + 10 * i]);
    }
    s.original = {5, table::form_kind::plain, {}, {1, 255, 255, 255}};
    s.original_bytes = {0xe8, 1};
    s.replacement = {7, twice ? table::form_kind::twice : table::form_kind::plain, {}, {255, 255, 255, 255}};
    s.replacement_bytes = {0x90, 0xe9, 0x20, 0, 0, 0, 0x90, 0x90, 0xe9, 0x19, 0, 0, 0, 0x90};
    for (std::uint8_t i = 0; i < 3; ++i) {
        s.choices[i].length = 7;
        s.choices[i].ordinal = i;
        made::refer(s.choices[i].form, i != 0 ? &s.replacement : indirect ? &s.indirect : &s.original);
        if (i > 0) {
            made::refer(s.choices[i].predicate, &s.nodes[i]);
            made::refer(s.choices[i].otherwise, &s.choices[i - 1U]);
        }
    }
    s.nodes[0].op = table::predicate_op::feature;
    s.nodes[1].op = table::predicate_op::not_feature;
    s.nodes[2].op = table::predicate_op::all;
    made::refer(s.nodes[0].a, &s.feature);
    made::refer(s.nodes[1].a, &s.feature);
    made::refer(s.nodes[2].a, &s.nodes[0]);
    made::refer(s.nodes[2].b, &s.nodes[1]);
    made::refer(s.feature.cell, &s.cell);
    s.feature.kind = table::probe_kind::by_hand;
    made::refer(s.callee.trampoline, &image->text[512]);
    made::refer(s.callee.target, &s.target);
    made::refer(s.callee.targets, s.targets.data());
    made::refer(s.callee.choices, &s.target_choices[1]);
    s.target_choices[1].ordinal = 1;
    made::refer(s.target_choices[1].predicate, &s.nodes[0]);
    made::refer(s.target_choices[1].otherwise, &s.target_choices[0]);
    s.indirect = {6, table::form_kind::indirect_call, {}, {2, 255, 255, 255}};
    s.indirect_bytes = {0xff, 0x15};
    made::refer(s.call.pointer, &s.targets[1]);
    made::refer(s.call.nothing, &image->text[520]);
    made::refer(s.call.missing, &image->text[530]);
    std::ofstream out{file, std::ios::binary};
    out.put(static_cast<char>(alternatives)).put(static_cast<char>(calls)).put('\x55').put(static_cast<char>(keys));
    out.write(reinterpret_cast<const char*>(&s), sizeof(s));
}

} // namespace

int main(int count, char** arguments) {
    const std::string folder = count > 1 ? arguments[1] : ".";
    write(folder + "/one_alternative", 8, 0, false);
    write(folder + "/four_alternatives", 32, 0, false);
    write(folder + "/twice", 16, 0, true);
    write(folder + "/calls", 0, 16, false);
    write(folder + "/both", 32, 16, true);
    write(folder + "/truncated", 13, 0, false);
    write(folder + "/keys", 0, 0, false, 36);
    write(folder + "/all", 32, 16, true, 36);
    write(folder + "/indirect", 32, 0, false, 0, true);
}
