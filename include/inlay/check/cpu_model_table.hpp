// SPDX-License-Identifier: BSL-1.0
//
// cpu_model_table: CPUID and ID registers of QEMU's CPU models. Written by tools/cpu_models.py, from QEMU 7.2.
//
//     for (const auto& each : inlay::check::detail::x86_models) ... each.name, each.words ...
//
// How it works. cpu_models.hpp explains it, and is the interface.
#pragma once

#include "inlay/requirements.hpp"

#include <cstdint>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check::detail {

// clang-format off
inline constexpr const char* cpu_models_version = "7.2"; ///< of QEMU

/// A word of CPUID; registers are numbered eax, ecx, edx, ebx.
struct x86_word {
    std::uint32_t leaf;
    std::uint16_t subleaf;
    std::uint16_t reg;
};
inline constexpr x86_word x86_words[] = { // NOLINT(*-avoid-c-arrays)
    {0x1, 0, 1},
    {0x1, 0, 2},
    {0x6, 0, 0},
    {0x7, 0, 1},
    {0x7, 0, 2},
    {0x7, 0, 3},
    {0x7, 1, 0},
    {0xd, 0, 0},
    {0xd, 1, 0},
    {0x80000001, 0, 1},
    {0x80000001, 0, 2},
    {0x80000008, 0, 3},
    {0x8000000a, 0, 2},
};

/// The last leaf of each range, then the words of x86_words.
struct x86_model {
    std::string_view name;
    std::uint32_t last[3];  // NOLINT(*-avoid-c-arrays): basic, extended, Centaur's
    std::uint32_t words[13]; // NOLINT(*-avoid-c-arrays)
};
inline constexpr x86_model x86_models[] = { // NOLINT(*-avoid-c-arrays)
    {"486-v1", {0x1, 0x0, 0x0},
     {0x80000000, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"Broadwell-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0, 0x1c0fb9, 0, 7, 1, 0x121, 0x28100800, 0, 0}},
    {"Broadwell-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0, 0x1c07a9, 0, 7, 1, 0x121, 0x28100800, 0, 0}},
    {"Broadwell-v3", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0x1c0fb9, 0, 7, 1, 0x121, 0x28100800, 0, 0}},
    {"Broadwell-v4", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0x1c07a9, 0, 7, 1, 0x121, 0x28100800, 0, 0}},
    {"Cascadelake-Server-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0x84000000, 0xd19f0fb9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Cascadelake-Server-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0xa4000000, 0xd19f0fb9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Cascadelake-Server-v3", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0xa4000000, 0xd19f07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Cascadelake-Server-v4", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0xa4000000, 0xd19f07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Cascadelake-Server-v5", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0xa4000000, 0xd19f07a9, 0, 0x2e7, 0xf, 0x121, 0x2c100800, 0, 0}},
    {"Conroe-v1", {0xa, 0x80000008, 0x0},
     {0x80000201, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"Cooperlake-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0xac000000, 0xd19f0fb9, 0x20, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Cooperlake-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x808, 0xac000000, 0xd19f0fb9, 0x20, 0x2e7, 0xf, 0x121, 0x2c100800, 0, 0}},
    {"Denverton-v1", {0x15, 0x80000008, 0x0},
     {0xc7f8220b, 0x78bfbfd, 4, 0, 0xa4000000, 0x20944281, 0, 0x1b, 7, 0x101, 0x2c100800, 0, 0}},
    {"Denverton-v2", {0x15, 0x80000008, 0x0},
     {0xc7f82203, 0x78bfbfd, 4, 0, 0xa4000000, 0x20940281, 0, 3, 7, 0x101, 0x2c100800, 0, 0}},
    {"Denverton-v3", {0x15, 0x80000008, 0x0},
     {0xc7f82203, 0x78bfbfd, 4, 0, 0xa4000000, 0x20940281, 0, 3, 0xf, 0x101, 0x2c100800, 0, 0}},
    {"Dhyana-v1", {0xd, 0x8000001e, 0x0},
     {0xf4d83209, 0x78bfbfd, 4, 0, 0, 0x9c01a9, 0, 7, 7, 0x4003f5, 0x2e500800, 0x1000, 9}},
    {"Dhyana-v2", {0xd, 0x8000001e, 0x0},
     {0xf4d83209, 0x78bfbfd, 4, 0, 0, 0x9c01a9, 0, 7, 0xf, 0x4003f5, 0x2e500800, 0x1000, 9}},
    {"EPYC-Milan-v1", {0xd, 0x8000001e, 0x0},
     {0xf6da320b, 0x78bfbfd, 4, 0x40000c, 0x10, 0x219c07a9, 0, 0x207, 0xf, 0xc003f5, 0x2fd3fbfd, 0x100d205, 0x10000009}},
    {"EPYC-Rome-v1", {0xd, 0x8000001e, 0x0},
     {0xf6d8320b, 0x78bfbfd, 4, 0x400004, 0, 0x219c01a9, 0, 7, 0xf, 0xc003f5, 0x2fd3fbfd, 0x9205, 9}},
    {"EPYC-Rome-v2", {0xd, 0x8000001e, 0x0},
     {0xf6d8320b, 0x78bfbfd, 4, 0x400004, 0, 0x219c01a9, 0, 7, 0xf, 0xc003f5, 0x2fd3fbfd, 0x100d205, 9}},
    {"EPYC-v1", {0xd, 0x8000001e, 0x0},
     {0xf6d8320b, 0x78bfbfd, 4, 0, 0, 0x209c01a9, 0, 7, 7, 0x4003f5, 0x2fd3fbfd, 0, 9}},
    {"EPYC-v2", {0xd, 0x8000001e, 0x0},
     {0xf6d8320b, 0x78bfbfd, 4, 0, 0, 0x209c01a9, 0, 7, 7, 0x4003f5, 0x2fd3fbfd, 0x1000, 9}},
    {"EPYC-v3", {0xd, 0x8000001e, 0x0},
     {0xf6d8320b, 0x78bfbfd, 4, 0, 0, 0x209c01a9, 0, 7, 0xf, 0xc003f5, 0x2fd3fbfd, 0x1005, 9}},
    {"Haswell-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0, 0xfb9, 0, 7, 1, 0x21, 0x28100800, 0, 0}},
    {"Haswell-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0, 0x7a9, 0, 7, 1, 0x21, 0x28100800, 0, 0}},
    {"Haswell-v3", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0xfb9, 0, 7, 1, 0x21, 0x28100800, 0, 0}},
    {"Haswell-v4", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0x7a9, 0, 7, 1, 0x21, 0x28100800, 0, 0}},
    {"Icelake-Server-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x15f4e, 0x84000000, 0xd19f0fb9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0x200, 0}},
    {"Icelake-Server-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x15f4e, 0x84000000, 0xd19f07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0x200, 0}},
    {"Icelake-Server-v3", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x15f4e, 0xa4000000, 0xd19f07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0x200, 0}},
    {"Icelake-Server-v4", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x415f4e, 0xa4000010, 0xf1bf07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0x200, 0}},
    {"Icelake-Server-v5", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x415f4e, 0xa4000010, 0xf1bf07a9, 0, 0x2e7, 0xf, 0x121, 0x2c100800, 0x200, 0}},
    {"Icelake-Server-v6", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0x415f4e, 0xa4000010, 0xf1bf07a9, 0, 0x2e7, 0xf, 0x121, 0x2c100800, 0x200, 0}},
    {"IvyBridge-v1", {0xd, 0x80000008, 0x0},
     {0xf7b82203, 0x78bfbfd, 4, 0, 0, 0x281, 0, 7, 1, 1, 0x28100800, 0, 0}},
    {"IvyBridge-v2", {0xd, 0x80000008, 0x0},
     {0xf7b82203, 0x78bfbfd, 4, 0, 0x4000000, 0x281, 0, 7, 1, 1, 0x28100800, 0, 0}},
    {"KnightsMill-v1", {0xd, 0x80000008, 0x0},
     {0xf7f83203, 0xf8bfbfd, 4, 0x4000, 0xc, 0x1c0d03a9, 0, 0xe7, 1, 0x121, 0x2c100800, 0, 0}},
    {"Nehalem-v1", {0xb, 0x80000008, 0x0},
     {0x80982201, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"Nehalem-v2", {0xb, 0x80000008, 0x0},
     {0x80982201, 0x78bfbfd, 0, 0, 0x4000000, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"Opteron_G1-v1", {0x5, 0x80000008, 0x0},
     {0x80000001, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0x2193fbfd, 0, 0}},
    {"Opteron_G2-v1", {0x5, 0x8000000a, 0x0},
     {0x80002001, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 5, 0x2193fbfd, 0, 0}},
    {"Opteron_G3-v1", {0x5, 0x8000000a, 0x0},
     {0x80802009, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 0xe5, 0x2993fbfd, 0, 0}},
    {"Opteron_G4-v1", {0xd, 0x8000001a, 0x0},
     {0x96982203, 0x78bfbfd, 0, 0, 0, 0, 0, 7, 0, 0x109e5, 0x2d93fbfd, 0, 9}},
    {"Opteron_G5-v1", {0xd, 0x8000001a, 0x0},
     {0xb6983203, 0x78bfbfd, 0, 0, 0, 0, 0, 7, 0, 0x2109e5, 0x2d93fbfd, 0, 9}},
    {"Penryn-v1", {0xa, 0x80000008, 0x0},
     {0x80082201, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"SandyBridge-v1", {0xd, 0x80000008, 0x0},
     {0x97b82203, 0x78bfbfd, 4, 0, 0, 0, 0, 7, 1, 1, 0x28100800, 0, 0}},
    {"SandyBridge-v2", {0xd, 0x80000008, 0x0},
     {0x97b82203, 0x78bfbfd, 4, 0, 0x4000000, 0, 0, 7, 1, 1, 0x28100800, 0, 0}},
    {"Skylake-Client-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0, 0x1c0fb9, 0, 7, 7, 0x121, 0x28100800, 0, 0}},
    {"Skylake-Client-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0x1c0fb9, 0, 7, 7, 0x121, 0x28100800, 0, 0}},
    {"Skylake-Client-v3", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0x1c07a9, 0, 7, 7, 0x121, 0x28100800, 0, 0}},
    {"Skylake-Client-v4", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 0, 0x4000000, 0x1c07a9, 0, 7, 0xf, 0x121, 0x28100800, 0, 0}},
    {"Skylake-Server-v1", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 8, 0, 0xd19f0fb9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Skylake-Server-v2", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 8, 0x4000000, 0xd11f0fb9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Skylake-Server-v3", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 8, 0x4000000, 0xd11f07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Skylake-Server-v4", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 8, 0x4000000, 0xd11f07a9, 0, 0x2e7, 7, 0x121, 0x2c100800, 0, 0}},
    {"Skylake-Server-v5", {0xd, 0x80000008, 0x0},
     {0xf7fa3203, 0x78bfbfd, 4, 8, 0x4000000, 0xd11f07a9, 0, 0x2e7, 0xf, 0x121, 0x2c100800, 0, 0}},
    {"Snowridge-v1", {0x1b, 0x80000008, 0x0},
     {0xc7f8220b, 0x78bfbfd, 4, 0x1a000104, 0xe4000000, 0x21944281, 0, 0x1b, 7, 0x101, 0x2c100800, 0, 0}},
    {"Snowridge-v2", {0x1b, 0x80000008, 0x0},
     {0xc7f8220b, 0x78bfbfd, 4, 0x1a000104, 0xe4000000, 0x21940281, 0, 3, 7, 0x101, 0x2c100800, 0, 0}},
    {"Snowridge-v3", {0x1b, 0x80000008, 0x0},
     {0xc7f8220b, 0x78bfbfd, 4, 0x1a000104, 0xe4000000, 0x21940281, 0, 3, 0xf, 0x101, 0x2c100800, 0, 0}},
    {"Snowridge-v4", {0x1b, 0x80000008, 0x0},
     {0xc7f8220b, 0x78bfbfd, 4, 0x1a000104, 0xa4000000, 0x21940281, 0, 3, 0xf, 0x101, 0x2c100800, 0, 0}},
    {"Westmere-v1", {0xb, 0x80000008, 0x0},
     {0x82982203, 0x78bfbfd, 4, 0, 0, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"Westmere-v2", {0xb, 0x80000008, 0x0},
     {0x82982203, 0x78bfbfd, 4, 0, 0x4000000, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"athlon-v1", {0x2, 0x80000008, 0x0},
     {0x80000000, 0x783fbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0xc1c3f3fd, 0, 0}},
    {"base", {0x0, 0x0, 0x0},
     {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"core2duo-v1", {0xa, 0x80000008, 0x0},
     {0x80002209, 0xfcbfbfd, 0, 0, 0, 0, 0, 0, 0, 1, 0x20100800, 0, 0}},
    {"coreduo-v1", {0xa, 0x80000008, 0x0},
     {0x80000009, 0xfc9fbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0x100000, 0, 0}},
    {"kvm32-v1", {0x5, 0x80000008, 0x0},
     {0x80000001, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"kvm64-v1", {0xd, 0x80000008, 0x0},
     {0x80002001, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0x20100800, 0, 0}},
    {"max", {0xd, 0x8000000a, 0x0},
     {0xf6d8320b, 0xfcbfbfd, 4, 0x8001020c, 0, 0x1d843a9, 0, 0x21f, 5, 0x75, 0xedd3fbfd, 0, 0x10010001}},
    {"n270-v1", {0xa, 0x80000008, 0x0},
     {0x80400209, 0xfc9fbfd, 0, 0, 0, 0, 0, 0, 0, 1, 0x100000, 0, 0}},
    {"pentium-v1", {0x1, 0x0, 0x0},
     {0x80000000, 0x8003bd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"pentium2-v1", {0x2, 0x0, 0x0},
     {0x80000000, 0x183fbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"pentium3-v1", {0x3, 0x0, 0x0},
     {0x80000000, 0x383fbfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"phenom-v1", {0x5, 0x8000001a, 0x0},
     {0x80802009, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 0x65, 0xefd3fbfd, 0, 1}},
    {"qemu32-v1", {0x4, 0x80000004, 0x0},
     {0x80000001, 0x781abfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"qemu64-v1", {0xd, 0x8000000a, 0x0},
     {0x80002001, 0x78bfbfd, 0, 0, 0, 0, 0, 0, 0, 5, 0x2193fbfd, 0, 0}},
};

/// Other names of models.
struct cpu_alias {
    std::string_view name, model;
};
inline constexpr cpu_alias x86_aliases[] = { // NOLINT(*-avoid-c-arrays)
    {"486", "486-v1"},
    {"Broadwell", "Broadwell-v1"},
    {"Broadwell-IBRS", "Broadwell-v3"},
    {"Broadwell-noTSX", "Broadwell-v2"},
    {"Broadwell-noTSX-IBRS", "Broadwell-v4"},
    {"Cascadelake-Server", "Cascadelake-Server-v1"},
    {"Cascadelake-Server-noTSX", "Cascadelake-Server-v3"},
    {"Conroe", "Conroe-v1"},
    {"Cooperlake", "Cooperlake-v1"},
    {"Denverton", "Denverton-v1"},
    {"Dhyana", "Dhyana-v1"},
    {"EPYC", "EPYC-v1"},
    {"EPYC-IBPB", "EPYC-v2"},
    {"EPYC-Milan", "EPYC-Milan-v1"},
    {"EPYC-Rome", "EPYC-Rome-v1"},
    {"Haswell", "Haswell-v1"},
    {"Haswell-IBRS", "Haswell-v3"},
    {"Haswell-noTSX", "Haswell-v2"},
    {"Haswell-noTSX-IBRS", "Haswell-v4"},
    {"Icelake-Server", "Icelake-Server-v1"},
    {"Icelake-Server-noTSX", "Icelake-Server-v2"},
    {"IvyBridge", "IvyBridge-v1"},
    {"IvyBridge-IBRS", "IvyBridge-v2"},
    {"KnightsMill", "KnightsMill-v1"},
    {"Nehalem", "Nehalem-v1"},
    {"Nehalem-IBRS", "Nehalem-v2"},
    {"Opteron_G1", "Opteron_G1-v1"},
    {"Opteron_G2", "Opteron_G2-v1"},
    {"Opteron_G3", "Opteron_G3-v1"},
    {"Opteron_G4", "Opteron_G4-v1"},
    {"Opteron_G5", "Opteron_G5-v1"},
    {"Penryn", "Penryn-v1"},
    {"SandyBridge", "SandyBridge-v1"},
    {"SandyBridge-IBRS", "SandyBridge-v2"},
    {"Skylake-Client", "Skylake-Client-v1"},
    {"Skylake-Client-IBRS", "Skylake-Client-v2"},
    {"Skylake-Client-noTSX-IBRS", "Skylake-Client-v3"},
    {"Skylake-Server", "Skylake-Server-v1"},
    {"Skylake-Server-IBRS", "Skylake-Server-v2"},
    {"Skylake-Server-noTSX-IBRS", "Skylake-Server-v3"},
    {"Snowridge", "Snowridge-v1"},
    {"Westmere", "Westmere-v1"},
    {"Westmere-IBRS", "Westmere-v2"},
    {"athlon", "athlon-v1"},
    {"core2duo", "core2duo-v1"},
    {"coreduo", "coreduo-v1"},
    {"kvm32", "kvm32-v1"},
    {"kvm64", "kvm64-v1"},
    {"n270", "n270-v1"},
    {"pentium", "pentium-v1"},
    {"pentium2", "pentium2-v1"},
    {"pentium3", "pentium3-v1"},
    {"phenom", "phenom-v1"},
    {"qemu32", "qemu32-v1"},
    {"qemu64", "qemu64-v1"},
};

/// ID registers, numbered CRm << 4 | op2.
inline constexpr std::uint8_t aarch64_registers[] = { // NOLINT(*-avoid-c-arrays)
    0x40, 0x41, 0x42, 0x44, 0x45, 0x47, 0x50, 0x51, 0x60, 0x61, 0x62, 0x63, 0x70, 0x71, 0x72, 0x73};

struct aarch64_model {
    std::string_view name;
    std::uint64_t midr;
    std::uint64_t registers[16]; // NOLINT(*-avoid-c-arrays)
};
inline constexpr aarch64_model aarch64_models[] = { // NOLINT(*-avoid-c-arrays)
    {"a64fx", 0x461f0010,
     {0x101110011, 0, 0, 0, 0, 0, 0x10305408, 0, 0x10211120, 0x10001, 0, 0, 0x1122, 0x11212100, 0x1011, 0}},
    {"cortex-a35", 0x411fd040,
     {0x1000022, 0, 0, 0, 0, 0, 0x10305106, 0, 0x11120, 0, 0, 0, 0x101122, 0, 0, 0}},
    {"cortex-a53", 0x410fd034,
     {0x1000022, 0, 0, 0, 0, 0, 0x10305106, 0, 0x11120, 0, 0, 0, 0x1122, 0, 0, 0}},
    {"cortex-a57", 0x411fd070,
     {0x1000022, 0, 0, 0, 0, 0, 0x10305106, 0, 0x11120, 0, 0, 0, 0x1124, 0, 0, 0}},
    {"cortex-a72", 0x410fd083,
     {0x1000022, 0, 0, 0, 0, 0, 0x10305106, 0, 0x11120, 0, 0, 0, 0x1124, 0, 0, 0}},
    {"cortex-a76", 0x414fd0b1,
     {0x1100000011110012, 0x10, 0, 0, 0, 0, 0x10305408, 0, 0x100010211120, 0x100001, 0, 0, 0x101122, 0x10212122, 0x1011, 0}},
    {"max", 0xf0510,
     {0x1201001121110022, 0x1000021, 0, 0x110110100110021, 0x80f100fd00000000, 0, 0x10305609, 0, 0x1221111110212120, 0x11111101211012, 0, 0, 0x32310201126, 0x11010211122, 0x1021011010011011, 0}},
    {"neoverse-n1", 0x414fd0c1,
     {0x1100000011110012, 0x20, 0, 0, 0, 0, 0x10305408, 0, 0x100010211120, 0x100001, 0, 0, 0x101125, 0x10212122, 0x1011, 0}},
};
// clang-format on

} // namespace check::detail
} // namespace inlay
