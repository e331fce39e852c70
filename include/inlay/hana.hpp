// SPDX-License-Identifier: BSL-1.0
//
// hana: tables that are structs of Boost.Hana: pv_ops.hpp and features.hpp walk them as they walk aggregates.
//
//     struct irq_ops {
//         BOOST_HANA_DEFINE_STRUCT(irq_ops, (inlay::pv_op<void(), &native_cli>, disable),
//                                  (inlay::pv_op<void(), &native_halt>, halt));
//     };
//     BOOST_HANA_ADAPT_STRUCT(other_ops, save_fl, restore_fl);             // or so, after the type
//
//     static_assert(inlay::operation_count<irq_ops> == 2);
//     inlay::for_each_operation(irq, [](auto& operation) { ... });
//     inlay::for_each_member(irq, [](const char* name, auto& operation) { ... });   // "disable", "halt"
//     inlay::restore(irq);
//
// A walk visits the members in the macro's list, in its order. The type need not be an aggregate, and other members are
// passed over. Include this header before the first walk of the table, in each unit that walks it.
#pragma once

#include "inlay/features.hpp"
#include "inlay/members.hpp"
#include "inlay/pv_ops.hpp"

#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/at.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Table>
    requires(boost::hana::Struct<Table>::value)
struct members<Table> {
    [[gnu::visibility("hidden")]] static constexpr std::size_t count =
        decltype(boost::hana::length(boost::hana::accessors<Table>()))::value;

    template <std::size_t Index, class Given>
    [[nodiscard]] static constexpr auto& get(Given& table) noexcept {
        return boost::hana::second(boost::hana::at_c<Index>(boost::hana::accessors<Table>()))(table);
    }

    template <std::size_t Index>
    using type = std::remove_cvref_t<decltype(get<Index>(std::declval<Table&>()))>;

    /// As it is written in the macro.
    template <std::size_t Index>
    [[nodiscard]] static constexpr const char* name() noexcept {
        return std::remove_cvref_t<decltype(boost::hana::first(
            boost::hana::at_c<Index>(boost::hana::accessors<Table>())))>::c_str();
    }
};

} // namespace detail

/// Calls `function(name, member)` for each member of a Hana struct, in the order of the macro that made it one.
template <class Table, class Function>
    requires(boost::hana::Struct<std::remove_cv_t<Table>>::value)
constexpr void for_each_member(Table& table, const Function& function) {
    using members = detail::members<std::remove_cv_t<Table>>;
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
        (static_cast<void>(function(members::template name<Index>(), members::template get<Index>(table))), ...);
    }(std::make_index_sequence<members::count>{});
}

} // namespace inlay
