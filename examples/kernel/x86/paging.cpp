// SPDX-License-Identifier: BSL-1.0
//
// paging: walking and changing tables, in both worlds. See paging.hpp.
#include "paging.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

namespace pv = inlay::x86::pv;

[[nodiscard]] u64* table_at(u64 entry) noexcept {
    return reinterpret_cast<u64*>(KERNEL_BASE + (entry & page::address));
}
[[nodiscard]] unsigned index(u64 at, unsigned level) noexcept { return at >> (12 + 9 * (level - 1)) & 511; }

using table = u64[512];
[[gnu::aligned(4096)]] constinit table user_l4{}; // used under Xen alone: tables of ring 3, without the kernel
[[gnu::aligned(4096)]] constinit table user_l3{};
[[gnu::aligned(4096)]] constinit table user_l2{};
[[gnu::aligned(4096)]] constinit table user_l1{};

constexpr u64 of_table = page::present | page::writable | page::user | page::accessed | page::dirty;

} // namespace

u64 bits_of(protection what) noexcept {
    // Asked once. Where the processor has no NX, the bit is reserved.
    static constinit u8 known = 0;
    if (known == 0) {
        known = inlay::x86::holds(inlay::cpu.nx.probe(), inlay::x86::this_cpu{}) ? 2 : 1;
    }
    const u64 no_execute = known == 2 ? page::no_execute : 0;
    return page::present | page::accessed |
           (what == protection::execute ? 0
            : what == protection::write ? page::writable | page::dirty | no_execute
                                        : no_execute);
}

u64* entry_of_page(u64 at) noexcept {
    u64* const l4 = table_at(pv::read_cr3());
    const u64 l3_entry = pv::pgd_val(l4[index(at, 4)]);
    if ((l3_entry & page::present) == 0) {
        return nullptr;
    }
    const u64 l2_entry = pv::pud_val(table_at(l3_entry)[index(at, 3)]);
    if ((l2_entry & page::present) == 0 || (l2_entry & page::large) != 0) {
        return nullptr;
    }
    const u64 l1_entry = pv::pmd_val(table_at(l2_entry)[index(at, 2)]);
    if ((l1_entry & page::present) == 0 || (l1_entry & page::large) != 0) {
        return nullptr;
    }
    return table_at(l1_entry) + index(at, 1);
}

u64 page_at(u64 at) noexcept {
    const u64* const entry = entry_of_page(at);
    return entry == nullptr ? 0 : pv::pte_val(*entry);
}

void set_page(u64 at, u64 value) noexcept {
    if (u64* const entry = entry_of_page(at); entry != nullptr) {
        pv::set_pte(entry, pv::make_pte(value));
        pv::flush_tlb_one_user(at);
    }
}

void set_protection(u64 begin, u64 end, protection what) noexcept {
    for (u64 at = begin; at < end; at += page_size) {
        set_page(at, (page_at(at) & page::address) | bits_of(what));
    }
}

void map_user(u64 text, u64 data, u64 stack) noexcept {
    user_l1[index(USER_TEXT, 1)] = pv::make_pte(text | bits_of(protection::execute) | page::user);
    user_l1[index(USER_DATA, 1)] = pv::make_pte(data | bits_of(protection::write) | page::user);
    user_l1[index(USER_STACK, 1)] = pv::make_pte(stack | bits_of(protection::write) | page::user);
    user_l2[index(USER_TEXT, 2)] = pv::make_pmd(physical(user_l1) | of_table);
    user_l3[index(USER_TEXT, 3)] = pv::make_pud(physical(user_l2) | of_table);
    user_l4[index(USER_TEXT, 4)] = pv::make_pgd(physical(user_l3) | of_table);
    const table* const tables[] = {&user_l1, &user_l2, &user_l3, &user_l4};
    for (const table* each : tables) { // Xen wants tables read-only
        set_protection(reinterpret_cast<u64>(each), reinterpret_cast<u64>(each) + page_size, protection::read);
    }
    pv::set_pgd(table_at(pv::read_cr3()) + index(USER_TEXT, 4), pv::make_pgd(physical(user_l3) | of_table));
}

u64 user_tables() noexcept { return physical(user_l4); }

} // namespace kernel
