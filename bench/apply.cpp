// SPDX-License-Identifier: BSL-1.0
//
// What the patcher costs a record, beside a plain copy of the same bytes to the same places.
//
//     build/gcc/bench/apply --benchmark_out=FILE --benchmark_out_format=json     # ns_per_record of each row
//
// How it works. Images of 1 to 1,000,000 sites are made in memory: sites of 3 to 8 bytes, 16 bytes apart, in the order
// of text. 16 declarations share them in runs: the next site is of the same declaration with a probability of 3 in 4,
// else of any other, so that a run is 4 long on average. A declaration has an original and one or two `when`s; one of
// them holds, so that every site is written. 2 of the 16 become a call, whose distance is another one at each site.
//
//     copy      a loop that reads the place from each record, and copies the bytes that belong there from an array
//     decide    apply() with a platform that does not write
//     apply     apply(): every check, every decision, every byte
//     process   apply() of sites in the text of this program, by system calls
//
// Text is put back between two iterations, outside of what is timed. Up to 100 records, an iteration goes over several
// images, since a clock cannot see one. Before anything is timed, all bytes of the text are compared to what they ought
// to be.
#include "ratios.hpp"

#include <inlay/inlay.hpp>
#include <inlay/platform/bare.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>

namespace {

using inlay::address;
namespace table = inlay::table;

// ---- An image made in memory ---------------------------------------------------------------------------

constexpr std::size_t site_distance = 16; // bytes from one site to the next
constexpr unsigned declaration_count = 16;
constexpr unsigned shortest_site = 3;
constexpr unsigned site_lengths = 6; // of 3 to 8 bytes

void refer(table::reference& from, const void* to) {
    from.distance =
        static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(&from));
}

/// The bytes of a form, and where they begin and end up.
struct form {
    table::form head;
    std::array<std::uint8_t, 8> bytes;
};

/// An original and two `when`s, of which the last may be left out.
struct declaration {
    std::array<table::choice, 3> choices;
    std::array<form, 3> forms;
    unsigned last;   ///< index of the last choice
    unsigned winner; ///< index of the choice that wins
};

/// What the sites share.
struct description {
    std::array<declaration, declaration_count> declarations;
    std::array<table::predicate_node, 4> nodes; // on, off, on and on, on or off
    std::array<table::feature_record, 2> features;
    std::array<table::feature_cell, 2> cells;
};

/// The bytes that belong to one site.
struct site_bytes {
    std::uint8_t length;
    std::array<std::uint8_t, 15> bytes;
};

void do_nothing() noexcept {}
using kernel = inlay::platform::bare<&do_nothing>;

class image {
public:
    explicit image(std::size_t count) : count_{count} {
        const std::size_t size = count * (site_distance + sizeof(table::alternative_record)) + sizeof(description);
        void* const map =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (map == MAP_FAILED) {
            throw std::bad_alloc{};
        }
        memory_ = {static_cast<std::uint8_t*>(map), unmap{size}};
        shared_ = new (text() + text_size()) description{};
        records_ = reinterpret_cast<table::alternative_record*>(shared_ + 1);
        describe();
        std::mt19937 random{1};
        unsigned which = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            if (random() % 4 == 0) {
                which = (which + 1 + random() % (declaration_count - 1)) % declaration_count;
            }
            add_site(i, shared_->declarations[which]);
        }
        platform_.text = {begin(), begin() + text_size()};
        platform_.image = {begin(), begin() + size};
    }

    void restore() { std::memcpy(text(), before_.data(), before_.size()); }
    [[nodiscard]] bool is_patched() const { return std::memcmp(text(), after_.data(), after_.size()) == 0; }
    [[nodiscard]] bool is_restored() const { return std::memcmp(text(), before_.data(), before_.size()) == 0; }

    template <class Platform>
    inlay::outcome apply(Platform& platform) {
        return inlay::apply({{records_, count_ * sizeof(table::alternative_record)}, {}, {}, {}, nullptr}, platform);
    }
    inlay::outcome apply() { return apply(platform_); }

    /// Everything but to write.
    inlay::outcome decide() {
        struct : kernel {
            static bool write(address /*at*/, const std::uint8_t* /*bytes*/, std::size_t /*size*/) noexcept {
                return true;
            }
        } platform;
        platform.text = platform_.text;
        platform.image = platform_.image;
        return apply(platform);
    }

    void copy() {
        for (std::size_t i = 0; i < count_; ++i) {
            auto* const to = reinterpret_cast<std::uint8_t*>(records_[i].site.target());
            std::memcpy(to, prepared_[i].bytes.data(), prepared_[i].length);
        }
    }

private:
    struct unmap {
        std::size_t size;
        void operator()(std::uint8_t* map) const { ::munmap(map, size); }
    };

    [[nodiscard]] std::uint8_t* text() const { return memory_.get(); }
    [[nodiscard]] std::size_t text_size() const { return count_ * site_distance; }
    [[nodiscard]] address begin() const { return reinterpret_cast<address>(memory_.get()); }

    /// Fills the form; with `call`, it begins with a call of a place in the text that has the number `seed`.
    void make(form& to, unsigned length, std::uint8_t seed, bool call) {
        to.head = {static_cast<std::uint8_t>(length), table::form_kind::plain, {}, {255, 255, 255, 255}};
        for (unsigned i = 0; i < length; ++i) {
            to.bytes[i] = static_cast<std::uint8_t>(seed + i);
        }
        if (call) {
            const auto distance = static_cast<std::int32_t>(text() + seed - (to.bytes.data() + 5));
            to.bytes[0] = 0xe8;
            std::memcpy(&to.bytes[1], &distance, sizeof distance);
            to.head.relative[0] = 1;
        }
    }

    void describe() {
        using op = table::predicate_op;
        shared_->cells[0].by_hand = 1;
        const std::array<op, 4> ops{op::feature, op::feature, op::all, op::any};
        for (std::size_t i = 0; i < 4; ++i) {
            shared_->nodes[i].op = ops[i];
        }
        for (std::size_t i = 0; i < 2; ++i) {
            refer(shared_->features[i].cell, &shared_->cells[i]);
            refer(shared_->nodes[i].a, &shared_->features[i]);
            refer(shared_->nodes[2 + i].a, &shared_->nodes[0]);
            refer(shared_->nodes[2 + i].b, &shared_->nodes[i]);
        }
        for (unsigned which = 0; which < declaration_count; ++which) {
            declaration& each = shared_->declarations[which];
            const unsigned length = shortest_site + which % site_lengths;
            // Of every four: one `when`; two, the last holds; two, the first holds; two, the last holds.
            each.last = which % 4 == 0 ? 1 : 2;
            each.winner = which % 4 == 2 ? 1 : each.last;
            const bool winner_calls = which == 3 || which == 10;
            for (unsigned i = 0; i <= each.last; ++i) {
                const bool winner = i == each.winner;
                const bool calls = winner ? winner_calls : i == 0 && length >= 5;
                const unsigned shorter = (which + i) % 3; // what is left becomes nops
                make(each.forms[i], calls ? std::max(5U, length - shorter) : length - shorter,
                     static_cast<std::uint8_t>(which * 16 + i * 4), calls);
                table::choice& choice = each.choices[i];
                choice.length = static_cast<std::uint8_t>(length);
                choice.ordinal = static_cast<std::uint8_t>(i);
                refer(choice.form, &each.forms[i]);
                if (i != 0) {
                    refer(choice.predicate, &shared_->nodes[winner ? 2 + which % 2 : 1]);
                    refer(choice.otherwise, &each.choices[i - 1]);
                }
            }
        }
    }

    /// What a form looks like at a site, worked out without the library but for its nops.
    [[nodiscard]] static site_bytes place(const declaration& what, unsigned choice, const std::uint8_t* site) {
        const form& from = what.forms[choice];
        site_bytes result{what.choices[choice].length, {}};
        std::memcpy(result.bytes.data(), from.bytes.data(), from.head.length);
        inlay::arch::fill_nops(&result.bytes[from.head.length], unsigned{result.length} - from.head.length);
        if (from.head.relative[0] != table::no_operand) {
            std::int32_t distance = 0;
            std::memcpy(&distance, &from.bytes[1], sizeof distance);
            distance += static_cast<std::int32_t>(from.bytes.data() - site);
            std::memcpy(&result.bytes[1], &distance, sizeof distance);
        }
        return result;
    }

    void add_site(std::size_t index, const declaration& what) {
        if (before_.empty()) {
            before_.assign(text_size(), 0xcc);
            after_ = before_;
        }
        std::uint8_t* const site = text() + index * site_distance;
        refer(records_[index].site, site);
        refer(records_[index].choices, &what.choices[what.last]);
        const site_bytes original = place(what, 0, site);
        std::memcpy(&before_[index * site_distance], original.bytes.data(), original.length);
        prepared_.push_back(place(what, what.winner, site));
        std::memcpy(&after_[index * site_distance], prepared_.back().bytes.data(), prepared_.back().length);
    }

    std::size_t count_;
    std::unique_ptr<std::uint8_t, unmap> memory_{nullptr, unmap{0}};
    description* shared_{};
    table::alternative_record* records_{};
    std::vector<site_bytes> prepared_;
    std::vector<std::uint8_t> before_;
    std::vector<std::uint8_t> after_;
    kernel platform_;
};

// ---- Sites in this program -----------------------------------------------------------------------------

using namespace inlay::x86::insn;
inline constexpr inlay::feature<"bench.odd", inlay::by_hand{}> odd;
inline constexpr inlay::alternative<nop(5), inlay::when<odd, mov(eax, 1)>> site;

template <int Copy, std::size_t... Sites>
[[gnu::noinline]] void sites_64(std::index_sequence<Sites...> /*of*/) {
    benchmark::DoNotOptimize(Copy); // or all these functions are one
    ((static_cast<void>(Sites), site()), ...);
}
template <int... Copies>
void sites_everywhere(std::integer_sequence<int, Copies...> /*of*/) {
    (sites_64<Copies>(std::make_index_sequence<64>{}), ...);
}

/// Pages of text with sites.
std::size_t touched_pages() {
    std::set<address> pages;
    const auto all = inlay::this_image().alternatives;
    for (std::size_t i = 0; i < all.size(); ++i) {
        pages.insert(all.records[i].site.target() / 4096);
        pages.insert((all.records[i].site.target() + 4) / 4096);
    }
    return pages.size();
}

// ---- The rows ------------------------------------------------------------------------------------------

using clock = std::chrono::steady_clock;
constexpr std::array<std::size_t, 7> sizes{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};

std::vector<std::unique_ptr<image>>& images_of(std::size_t count) {
    static std::array<std::vector<std::unique_ptr<image>>, sizes.size()> all;
    auto& some = all[static_cast<std::size_t>(std::find(sizes.begin(), sizes.end(), count) - sizes.begin())];
    while (some.size() < std::clamp<std::size_t>(1'000 / count, 1, 50)) {
        some.push_back(std::make_unique<image>(count));
    }
    return some;
}

/// Registers a row; `once(seconds)` does something to `records` records and adds the time that it took.
template <class Once>
void add(const std::string& name, std::size_t records, Once once) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [once, records](benchmark::State& state) {
                                     double all = 0;
                                     for (auto _ : state) {
                                         const double seconds = once(state);
                                         state.SetIterationTime(seconds);
                                         all += seconds;
                                     }
                                     state.counters["ns_per_record"] = all * 1e9 /
                                                                       static_cast<double>(state.iterations()) /
                                                                       static_cast<double>(records);
                                 })
        ->UseManualTime()
        ->Repetitions(15)
        ->MinTime(0.02);
}

void add_made(const char* what, std::size_t count, void (*one)(image&)) {
    const std::size_t images = images_of(count).size();
    add(std::string{what} + '/' + std::to_string(count), count * images, [=](benchmark::State& /*state*/) {
        auto& all = images_of(count);
        for (auto& each : all) {
            each->restore();
        }
        const auto start = clock::now();
        for (auto& each : all) {
            one(*each);
        }
        return std::chrono::duration<double>(clock::now() - start).count();
    });
}

void add_process() {
    const std::size_t records = inlay::this_image().alternatives.size();
    add("process/" + std::to_string(records), records, [pages = touched_pages()](benchmark::State& state) {
        static bool on = false;
        on = !on;
        inlay::set(odd, on);
        const auto start = clock::now();
        inlay::platform::process self;
        const auto done = inlay::apply(inlay::this_image(), self);
        const double seconds = std::chrono::duration<double>(clock::now() - start).count();
        const double writes = self.writes() / static_cast<double>(pages);
        state.counters["writes_per_page"] = std::max(static_cast<double>(state.counters["writes_per_page"]), writes);
        if (!done || done.written != done.sites || writes > 1) {
            state.SkipWithError("not every site was written, or a page more than once");
        }
        return seconds;
    });
}

/// Whether apply() and copy() both do what is said here, and decide() does not write.
bool are_right() {
    for (const std::size_t count : sizes) {
        for (auto& each : images_of(count)) {
            each->restore();
            bool right = each->decide() && each->is_restored();
            const auto done = each->apply();
            right = right && done && done.written == count && each->is_patched();
            each->restore();
            each->copy();
            if (!right || !each->is_patched()) {
                return false;
            }
        }
    }
    return true;
}

/// The exponent of the time as a power of the number of records: the slope of the line through the logarithms.
double exponent(bench::keeper& kept, const char* what) {
    double n = 0;
    double x_sum = 0;
    double y_sum = 0;
    double xx_sum = 0;
    double xy_sum = 0;
    for (const std::size_t count : sizes) {
        const double time = kept.median(std::string{what} + '/' + std::to_string(count));
        if (count >= 1'000 && time > 0) {
            const double x = std::log(static_cast<double>(count));
            const double y = std::log(time);
            n += 1;
            x_sum += x;
            y_sum += y;
            xx_sum += x * x;
            xy_sum += x * y;
        }
    }
    return (n * xy_sum - x_sum * y_sum) / (n * xx_sum - x_sum * x_sum);
}

} // namespace

int main(int count, char** arguments) {
    sites_everywhere(std::make_integer_sequence<int, 64>{});
    if (!are_right()) {
        std::printf("A site does not hold what it ought to, so there is nothing to measure.\n");
        return 1;
    }
    constexpr std::array<std::pair<const char*, void (*)(image&)>, 3> variants{
        {{"copy", [](image& each) { each.copy(); }},
         {"decide", [](image& each) { benchmark::DoNotOptimize(each.decide()); }},
         {"apply", [](image& each) { benchmark::DoNotOptimize(each.apply()); }}}};
    for (const std::size_t size : sizes) {
        for (const auto& [name, one] : variants) {
            add_made(name, size, one);
        }
    }
    add_process();
    bench::keeper kept{1};
    if (!bench::measure(count, arguments, kept)) {
        return 1;
    }
    const auto row = [&](const char* what, std::size_t size, std::size_t images) {
        return kept.median(std::string{what} + '/' + std::to_string(size)) / static_cast<double>(size * images);
    };
    std::printf("What apply() costs a record of an alternative; medians of 15 interleaved repetitions, wall clock.\n"
                "The ratio is to a plain copy of the same bytes to the same places.\n\n"
                "       records      copy    decide     apply    apply/copy\n");
    for (const std::size_t size : sizes) {
        const std::size_t images = images_of(size).size();
        const double copy = row("copy", size, images);
        const double apply = row("apply", size, images);
        if (copy == 0 || apply == 0) { // left out by --benchmark_filter
            continue;
        }
        std::printf("    %10zu %6.2f ns %6.2f ns %6.2f ns    %10.2f\n", size, copy, row("decide", size, images), apply,
                    apply / copy);
    }
    std::printf(
        "\n    The time grows with the number of records to the power of %.3f (copy: %.3f), 1,000 to 1,000,000.\n",
        exponent(kept, "apply"), exponent(kept, "copy"));
    const std::size_t own = inlay::this_image().alternatives.size();
    std::printf("    In this process: %zu sites on %zu pages, %.1f ns a record.\n", own, touched_pages(),
                row("process", own, 1));
    return 0;
}
