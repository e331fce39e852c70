// SPDX-License-Identifier: BSL-1.0
//
// Text as a kernel writes it, by platform::bare and text_poke. Which instructions are exchanged while other processors
// run, and which with those stopped; the lines of caches. A plain program, run under qemu-aarch64: its own text is made
// writable, as a kernel's alias is. (text_code.cpp has the code for facts that no emulator shows.)
#include <inlay/inlay.hpp>
#include <inlay/platform/bare.hpp>
#include <inlay/text_poke.hpp>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

extern "C" {
extern const char __executable_start[], etext[], end[]; // NOLINT(*-reserved-identifier): the linker's
}

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

namespace arch = inlay::aarch64;
using inlay::error;
using namespace inlay::aarch64::insn;

int failed = 0;

void check(bool good, const std::string& what) {
    std::printf("%s text: %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}
void expect(const inlay::outcome& done, error what, const std::string& text) {
    if (done.error() != what) {
        std::printf("%s: %s\n", text.c_str(), inlay::message(done.error()));
    }
    check(done.error() == what, text);
}

// ---- The architecture's list.

constexpr std::uint32_t word(const inlay::machine_code& code) { return static_cast<std::uint32_t>(code.words[0]); }
static_assert(arch::is_exchangeable(word(nop())) && arch::is_exchangeable(word(brk(5))) &&
              arch::is_exchangeable(word(svc(1))) && arch::is_exchangeable(word(hvc(2))) &&
              arch::is_exchangeable(word(smc(0xffff))) && arch::is_exchangeable(word(skip(nop()))) &&
              arch::is_exchangeable(0x97ffffff));
static_assert(!arch::is_exchangeable(word(mov(x0, 0))) && !arch::is_exchangeable(word(ret())) &&
              !arch::is_exchangeable(word(skip_if(condition::eq, nop()))) && !arch::is_exchangeable(word(isb())) &&
              !arch::is_exchangeable(word(yield())) && !arch::is_exchangeable(word(call(x0))) &&
              !arch::is_exchangeable(word(jmp(x0))) && !arch::is_exchangeable(word(bti(landing::c))) &&
              !arch::is_exchangeable(0xd4400000) && !arch::is_exchangeable(0xd4000000) &&
              !arch::is_exchangeable(word(skip_if_zero(x0, nop()))) && !arch::is_exchangeable(0xd4a00001));

// ---- The lines of caches.

void lines() {
    bool good = true;
    for (unsigned log2 = 0; log2 < 10; ++log2) {
        for (const unsigned which : {arch::emit::data_lines, arch::emit::instruction_lines}) {
            const std::uint64_t type = std::uint64_t{log2} << which | (which == 0 ? 0xf0000U : 0xfU);
            const std::size_t length = std::size_t{4} << log2;
            for (std::uintptr_t begin = 0x10000; begin < 0x10100; begin += 4) {
                for (std::size_t size = 4; size <= 64; size += 4) {
                    std::vector<std::uintptr_t> found;
                    arch::emit::each_line(type, which, begin, size,
                                          [&](std::uintptr_t each) { found.push_back(each); });
                    std::vector<std::uintptr_t> expected;
                    for (std::uintptr_t at = begin; at < begin + size; ++at) {
                        if (expected.empty() || expected.back() != at / length * length) {
                            expected.push_back(at / length * length);
                        }
                    }
                    good = good && found == expected;
                }
            }
        }
    }
    check(good, "each line of a cache that holds a byte, once");
}

// ---- Platforms.

unsigned synchronised = 0;
unsigned stops = 0;
unsigned goes = 0;
bool stoppable = true;
bool stopped = false;

void synchronise() noexcept {
    ++synchronised;
    arch::emit::synchronise();
}
struct stopping {
    static bool stop() noexcept {
        ++stops;
        stopped = stoppable;
        return stoppable;
    }
    static void go() noexcept {
        ++goes;
        stopped = false;
    }
};

std::uintptr_t at(const char* symbol) noexcept { return reinterpret_cast<std::uintptr_t>(symbol); }

template <class Others>
using platform = inlay::platform::bare<&synchronise, Others>;
template <class Others>
platform<Others> made() {
    return {{at(__executable_start), at(etext)}, {at(__executable_start), at(end)}};
}
auto nobody = made<inlay::platform::nobody_else>();
auto running = made<inlay::platform::nobody_stops>();
auto stoppable_others = made<stopping>();

// ---- Sites.

inline constexpr inlay::static_key<"text.key", false> key;
[[gnu::noinline]] bool ask_key() { return key; }
inline constexpr inlay::static_switch<"text.switch", 3, 0> ways;
[[gnu::noinline]] unsigned ask_switch() {
    switch (ways) {
    case 0:
        return 10;
    case 1:
        return 11;
    default:
        return 12;
    }
}
int seven() noexcept { return 7; }
int eight() noexcept { return 8; }
inline constexpr inlay::static_call<"text.call", &seven> call_it;
[[gnu::noinline]] int ask_call() { return call_it() + 100; }
int counter = 0;
void count() noexcept { ++counter; }
inline constexpr inlay::static_call<"text.void", &count> count_it;
[[gnu::noinline]] int ask_void() {
    counter = 0;
    count_it();
    return counter;
}
inline constexpr inlay::feature<"text.feature", inlay::by_hand{}> feature;
[[gnu::noinline]] long ask_alternative() {
    constexpr auto site = inlay::alternative<mov(x0, 1), inlay::when<feature, mov(x0, 2)>>{}.returns<x0, long>();
    return site();
}

/// Whether all sites return the right values.
bool give(bool k, unsigned w, int c, int v) {
    return ask_key() == k && ask_switch() == 10 + w && ask_call() == 100 + c && ask_void() == v;
}

void change() {
    // No other processor: apply() writes all sites.
    expect(inlay::apply(inlay::this_image(), running), error::others_run, "apply() refuses beneath others that run");
    check(synchronised == 0 && give(false, 0, 7, 1), "and nothing was written");
    expect(inlay::apply(inlay::this_image(), nobody), error::no_error, "apply() if no other processor runs");
    check(synchronised != 0 && give(false, 0, 7, 1) && ask_alternative() == 2, "and all sites are patched");

    // Others run, and cannot be stopped: b, bl and nop.
    expect(inlay::set(key, true, running), error::no_error, "a key beneath others that run");
    expect(inlay::set(ways, 2, running), error::no_error, "a switch");
    expect(inlay::update(call_it, &eight, running), error::no_error, "a call");
    expect(inlay::update(count_it, nullptr, running), error::no_error, "a call of nothing");
    check(give(true, 2, 8, 0), "and all are changed");
    const unsigned before = synchronised;
    const auto refused = inlay::update(call_it, inlay::returns_zero<int() noexcept>, running);
    expect(refused, error::others_run, "bl does not become mov beneath others that run");
    check(refused.record().table == inlay::table_kind::calls && refused.record().site != 0, "and the site is named");
    check(give(true, 2, 8, 0) && synchronised == before, "and nothing has changed");

    // Others run, and can be stopped; this happens only if a write needs it.
    stops = goes = 0;
    expect(inlay::set(key, false, stoppable_others), error::no_error, "a key, and others could be stopped");
    check(stops == 0 && !stopped, "but it takes no stop");
    expect(inlay::update(call_it, inlay::returns_zero<int() noexcept>, stoppable_others), error::no_error,
           "mov takes the place of bl");
    check(stops == 1 && goes != 0 && !stopped && give(false, 2, 0, 0), "with the others stopped; then they go on");
    expect(inlay::update(call_it, &seven, running), error::others_run, "and bl that of mov not beneath them");
    stoppable = false;
    goes = 0;
    expect(inlay::update(call_it, &seven, stoppable_others), error::text_not_writable, "others that do not stop");
    check(goes != 0 && !stopped && give(false, 2, 0, 0), "and nothing has changed");
    stoppable = true;
    expect(inlay::update(call_it, &seven, stoppable_others), error::no_error, "or do");
    check(stops == 3 && !stopped && give(false, 2, 7, 0), "and it has");

    // An alternative has other instructions.
    inlay::set(feature, false);
    expect(inlay::apply(inlay::this_image(), running), error::others_run, "apply() refuses a mov for a mov");
    check(ask_alternative() == 2, "and it is the old one");
    stops = 0;
    expect(inlay::apply(inlay::this_image(), stoppable_others), error::no_error, "apply() with the others stopped");
    check(stops != 0 && !stopped && ask_alternative() == 1, "and it is the new one");
}

// ---- Batches.

unsigned writes = 0;
unsigned refused_write = ~0U; // the number of the write that fails
unsigned written_beneath = 0; // while others run

struct hooks {
    static bool write(inlay::uintptr_t to, const inlay::uint8_t* bytes, inlay::size_t size) noexcept {
        if (writes++ == refused_write) {
            return false;
        }
        written_beneath += stopped ? 0U : 1U;
        arch::store_text(reinterpret_cast<inlay::uint8_t*>(to), bytes, size);
        arch::emit::clean_text(to, to, size);
        return true;
    }
    static void synchronise() noexcept { ::synchronise(); }
};
struct stopping_hooks : hooks {
    static bool stop(void (*to_do)(void*) noexcept, void* what) noexcept {
        ++stops;
        stopped = stoppable;
        if (stoppable) {
            to_do(what);
        }
        stopped = false;
        return stoppable;
    }
};
template <class Hooks>
inlay::text_poke<Hooks, 4> made_poke() {
    return {{at(__executable_start), at(etext)}, {at(__executable_start), at(end)}};
}

inline constexpr inlay::static_key<"text.many", false> many;
template <unsigned>
[[gnu::noinline]] bool ask_many() {
    return many;
}
unsigned count_many() {
    return ask_many<0>() + ask_many<1>() + ask_many<2>() + ask_many<3>() + ask_many<4>() + ask_many<5>();
}

void poke() {
    static auto kernel = made_poke<hooks>();
    static auto stopping_kernel = made_poke<stopping_hooks>();
    synchronised = writes = stops = written_beneath = 0;
    expect(inlay::set(key, true, kernel), error::no_error, "a key, in a batch");
    check(writes == 1 && synchronised == 1 && give(true, 2, 7, 0), "by one store and one synchronisation");
    const unsigned before = writes;
    expect(inlay::update(call_it, inlay::returns_zero<int() noexcept>, kernel), error::others_run,
           "a mov without a hook that stops the others is refused");
    check(writes == before && give(true, 2, 7, 0), "and nothing was written");

    written_beneath = 0;
    expect(inlay::update(call_it, inlay::returns_zero<int() noexcept>, stopping_kernel), error::no_error,
           "with the hook it is made");
    check(stops == 1 && written_beneath == 0 && give(true, 2, 0, 0), "while the others stand still");
    stoppable = false;
    expect(inlay::update(call_it, &seven, stopping_kernel), error::text_not_writable, "others that do not stop");
    check(written_beneath == 0 && give(true, 2, 0, 0), "and nothing has changed");
    stoppable = true;
    for (const bool beneath : {false, true}) { // the second time no stop is needed
        writes = 0;
        refused_write = beneath ? 3 : 0;
        const auto done =
            beneath ? inlay::set(many, true, stopping_kernel) : inlay::update(call_it, &seven, stopping_kernel);
        expect(done, error::text_not_writable, "a write that is refused");
        check(count_many() == 0 && give(true, 2, 0, 0), "takes back those before it");
    }
    refused_write = ~0U;
    expect(inlay::update(call_it, &seven, stopping_kernel), error::no_error, "and a later one is made");
    synchronised = stops = 0;
    expect(inlay::set(many, true, stopping_kernel), error::no_error, "six sites, and a batch of four");
    check(count_many() == 6 && synchronised == 2 && stops == 0 && give(true, 2, 7, 0), "are two batches");

    static std::uint32_t text[2] = {word(nop()), word(nop())};
    const std::uint32_t jump[2] = {word(skip(nop())), word(nop())};
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(jump);
    const auto where = reinterpret_cast<std::uintptr_t>(text);
    check(!stopping_kernel.write(where, bytes, 8) && !stopping_kernel.write(where + 2, bytes, 4),
          "no two instructions, and none that is not aligned");
    refused_write = writes + 1;
    const bool both = stopping_kernel.write(where, bytes, 4) && stopping_kernel.write(where + 4, bytes, 4);
    check(both && !stopping_kernel.finish() && text[0] == word(nop()) && stopping_kernel.finish() &&
              text[0] == word(nop()),
          "a batch whose second write is refused is no batch");
    expect(inlay::set(key, false, stopping_kernel), error::no_error, "and the key back");
}

/// A record whose site lies inside an instruction.
void misaligned() {
    static inlay::table::alternative_record record;
    auto tables = inlay::this_image();
    const auto& good = tables.alternatives.records[0];
    const auto from = [](const inlay::table::reference& self, std::uintptr_t to) {
        return static_cast<std::int32_t>(to - reinterpret_cast<std::uintptr_t>(&self));
    };
    for (const unsigned off : {0U, 2U}) {
        record.site.distance = from(record.site, good.site.target() + off);
        record.choices.distance = from(record.choices, good.choices.target());
        auto kernel = made<inlay::platform::nobody_else>();
        const auto done = inlay::apply_alternatives({&record, sizeof record}, kernel);
        expect(done, off == 0 ? error::no_error : error::site_outside_text,
               off == 0 ? "a record" : "a record whose site is no multiple of 4 is refused");
    }
}

/// Writes through an alias: of the same memory, and of other memory.
void alias() {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const int file = ::memfd_create("text", 0);
    check(::ftruncate(file, static_cast<long>(page)) == 0, "memory for an alias");
    auto* const text = static_cast<char*>(::mmap(nullptr, page, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0));
    auto* const writable = static_cast<char*>(::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    auto* const other =
        static_cast<char*>(::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const auto words = [](const inlay::machine_code& code) noexcept {
        return reinterpret_cast<const std::uint8_t*>(code.words);
    };
    static constexpr auto first = mov(x0, 5) + ret();
    static constexpr auto second = mov(x0, 6) + ret();
    auto kernel = made<inlay::platform::nobody_else>();
    kernel.alias = at(writable) - at(text);
    check(kernel.write(at(text), words(first), first.length) && kernel.finish(), "written through an alias");
    check(reinterpret_cast<int (*)()>(text)() == 5, "and it runs");
    // (QEMU before 8.1 ignores ic ivau, and would run the first one again.)
    const auto holds = [&](const inlay::machine_code& code) { return std::memcmp(text, code.words, code.length) == 0; };
    check(kernel.write(at(text), words(second), second.length) && kernel.finish() && holds(second), "and again");
    kernel.alias = at(other) - at(text);
    check(!kernel.write(at(text), words(first), first.length) && kernel.ineffective() && holds(second),
          "not through an alias of something else");
    ::close(file);
}

} // namespace

int main() {
    inlay::set(feature, true);
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const std::uintptr_t begin = at(__executable_start) & ~(page - 1);
    const std::uintptr_t size = ((at(etext) + page - 1) & ~(page - 1)) - begin;
    if (::mprotect(reinterpret_cast<void*>(begin), size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        check(false, "the text cannot be made writable");
    }
    lines();
    change();
    poke();
    misaligned();
    alias();
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
