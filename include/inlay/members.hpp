// SPDX-License-Identifier: BSL-1.0
//
// members: counts the members of a table, and gives access to each, for pv_ops.hpp and features.hpp.
//
// How it works. Boost.PFR counts the members of an aggregate and binds them. For a type that is adapted as a struct of
// Boost.Hana, hana.hpp has a specialization; this type need not be an aggregate.
#pragma once

#include "inlay/requirements.hpp"
#include "inlay/words.hpp"

#include <boost/pfr/core.hpp>

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

template <class Table>
struct members {
    [[gnu::visibility("hidden")]] static constexpr size_t count = boost::pfr::tuple_size_v<Table>;

    template <size_t Index>
    using type = boost::pfr::tuple_element_t<Index, Table>;

    /// The member of `table`; `table` may be constant.
    template <size_t Index, class Given>
    [[nodiscard]] static constexpr auto& get(Given& table) noexcept {
        return boost::pfr::get<Index>(table);
    }
};

} // namespace detail
} // namespace inlay
