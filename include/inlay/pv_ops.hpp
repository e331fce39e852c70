// SPDX-License-Identifier: BSL-1.0
//
// pv_ops: walks the operations of a paravirt table, which is an aggregate of pv_op.
//
//     static_assert(inlay::operation_count<irq_ops> == 5);
//     static_assert(inlay::operation_index<&irq, &irq_ops::halt> == 4);
//     inlay::for_each_operation(irq, [](auto& operation) { if (!operation.is_native()) ... });
//     inlay::restore(irq);                                       // the targets in the declaration
//     inlay::pv_call<&irq, 0UL> first;                           // by index
//
// How it works. Boost.PFR counts the members of an aggregate and binds them, so the declaration needs no list of them.
// PFR knows no names: `operation_name<&irq, &irq_ops::halt>` has the name from the compiler. A table that is a struct
// of Boost.Hana is walked by Hana, if inlay/hana.hpp is included.
#pragma once

#include "inlay/members.hpp"
#include "inlay/pv.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Operation>
inline constexpr bool is_operation_type = false;
template <class Signature, auto Native>
inline constexpr bool is_operation_type<pv_op<Signature, Native>> = true;

template <class Table, class Indices>
inline constexpr bool all_operations = false;
template <class Table, size_t... Index>
inline constexpr bool all_operations<Table, detail::indices<Index...>> =
    (is_operation_type<detail::plain<typename members<Table>::template type<Index>>> && ...);

template <auto* Table, auto Index>
struct operation_by_index {
    using table = detail::pointee<detail::plain<decltype(Table)>>;
    static_assert(Index < members<table>::count, "inlay: the table has fewer operations than that");
    [[nodiscard]] static constexpr auto* where() noexcept { return &members<table>::template get<Index>(*Table); }
};

} // namespace detail

/// Number of operations in a table's type.
template <class Table>
[[gnu::visibility("hidden")]] inline constexpr size_t operation_count = []() consteval {
    constexpr size_t count = detail::members<Table>::count;
    static_assert(detail::all_operations<Table, detail::indices_below<count>>,
                  "inlay: a paravirt table is an aggregate of nothing but pv_op members");
    return count;
}();

/// Calls `function(operation)` for each operation of the table, in the order of declaration. Each has a separate type.
template <class Table, class Function>
constexpr void for_each_operation(Table& table, Function function) {
    using members = detail::members<detail::plain<Table>>;
    [&]<size_t... Index>(detail::indices<Index...>) {
        (static_cast<void>(function(members::template get<Index>(table))), ...);
    }(detail::indices_below<operation_count<detail::plain<Table>>>{});
}

/// The position of a member in its table, from 0.
template <auto* Table, auto Member>
[[gnu::visibility("hidden")]] inline constexpr size_t operation_index = []() consteval {
    using table = detail::plain<detail::pointee<decltype(Table)>>;
    return []<size_t... Index>(detail::indices<Index...>) {
        const void* const member = detail::operation_of<Table, Member>();
        size_t found = 0;
        ((found += member == static_cast<const void*>(detail::operation_of<Table, Index>()) ? Index : 0), ...);
        return found;
    }(detail::indices_below<operation_count<table>>{});
}();

/// The name in messages and reports: "irq.halt". A null-terminated text.
template <auto* Table, auto Member>
[[gnu::visibility("hidden")]] inline constexpr const char* operation_name =
    detail::name_text<detail::operation<Table, Member>::name>::value.text;

/// Makes all operations native again; takes effect at the next apply(), or call through the table.
template <class Table>
constexpr void restore(Table& table) noexcept {
    for_each_operation(table, []<class Operation>(Operation& operation) { operation = Operation{}; });
}

} // namespace inlay
