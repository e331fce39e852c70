// SPDX-License-Identifier: BSL-1.0
//
// A plugin that uses all of inlay as its own inline objects and functions, in namespaces that others could see. It may
// export only its own symbols: none may be unique in the process, or give way to another image's symbol.
#include <inlay/inlay.hpp>
#include <inlay/platform/bare.hpp>
#include <inlay/proof.hpp>
#include <inlay/rate_limited.hpp>
#ifdef WITH_TEXT
#include <inlay/configure.hpp>
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <inlay/pv.hpp>
#define WITH_OPERATIONS
#endif
#ifdef WITH_WALKS
#include <inlay/features.hpp>
#include <inlay/pv_ops.hpp>
#endif

#include <stdexcept>

namespace plugin {

using inlay::cpu, inlay::when;
using namespace inlay::arch::insn;

int slow(int x) {
    if (x == -1) {
        throw std::runtime_error("slow");
    }
    return x + 1;
}
int fast(int x) { return x + 2; }
long helper() noexcept { return 40; }
double mixed(double x, const char* text) { return x + text[0]; }
struct shape {
    int sides;
    int count(int more) const { return sides + more; }
};
int ask_shape(const shape& of, int more) { return of.sides - more; }
enum class codec { none, fast, small };

inline constexpr inlay::feature<"exports.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"exports.big", [] { return true; }> big;
inline constexpr inlay::static_key<"exports.off", false> off;
inline constexpr inlay::static_key<"exports.on", true> on;
inline constexpr inlay::static_switch<"exports.way", 20, 3U> way;
inline constexpr inlay::static_switch<"exports.codec", 3, codec::fast> chosen_codec;
inline constexpr inlay::static_call<"exports.call", &slow> call_it;
inline constexpr inlay::static_call<"exports.lambda", [](int y) { return y * 3; }> lambda;
inline constexpr inlay::static_call<"exports.member", inlay::member<&shape::count>> member;
inline constexpr inlay::static_call<"exports.null", inlay::no_target<void(int)>> null;
inline constexpr inlay::static_call<"exports.zero", inlay::returns_zero<int(int)>> zero;
inline constexpr inlay::dispatch<"exports.dispatch", &slow, when<x && big, &fast>> chosen;
inline constexpr auto predicate = x && !big;
inline constexpr inlay::hook<"exports.hook", void(int)> hook;
inline constinit inlay::rate_limited limited{off, std::chrono::milliseconds{1}};
inline constinit inlay::deferred late{off, 10};
void hooked(int /*x*/) noexcept {}
int proven(inlay::proof_of<x>) { return 1; }

#if defined(__x86_64__) || defined(__i386__)
inline constexpr auto result = inlay::arch::emit::result_register<long>;
inline constexpr auto number = inlay::alternative<mov(eax, 1), when<x, mov(eax, 2)>, when<big && x, mov(eax, 3)>>{}
                                   .named<"exports.number">()
                                   .returns<result, int>();
inline constexpr auto called = inlay::alternative<call<&helper>(), when<x, mov(result, 41)>>{}.returns<result, long>();
#else
inline constexpr auto result = x0;
inline constexpr auto number = inlay::alternative<mov(x0, 1), when<x, mov(x0, 2)>, when<big && x, mov(x0, 3)>>{}
                                   .named<"exports.number">()
                                   .returns<x0, int>();
inline constexpr auto called = inlay::alternative<call<&helper>(), when<x, mov(x0, 41)>>{}.returns<x0, long>();
#endif
inline constexpr inlay::alternative<nop(4), when<predicate, nop(4)>> padding;

// The user's own types with types of inlay in them: the compiler must not find them more visible than their parts.
struct reported {
    inlay::outcome done;
    inlay::record_id where;
    inlay::name_clash clash;
    inlay::table::tables tables;
    inlay::table::cell cell;
    inlay::patch bytes;
    inlay::decision decided;
    inlay::platform::range text;
    inlay::error what;
};
struct watching : inlay::platform::process {
    bool write(std::uintptr_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
        ++calls;
        return process::write(at, bytes, size);
    }
    int calls{};
};
void synchronise() noexcept {}
struct bare : inlay::platform::bare<&synchronise> {
    int calls{};
};
struct kernel_platform : inlay::platform::bare<&inlay::arch::emit::synchronise> {}; // as kernels do
struct holder {
    static constexpr inlay::static_key<"exports.member_key", false> key{};
    static constexpr inlay::static_call<"exports.member_call", &slow> call{};
    static constexpr inlay::feature<"exports.member_feature", inlay::by_hand{}> feature{};
};
#ifdef WITH_OPERATIONS
struct operations {
    inlay::pv_op<int(int), inlay::native<&slow>> ordinary;
    inlay::pv_op<int(int), inlay::callee_save<&fast>> kept;
    inlay::pv_op<void(), inlay::callee_save<nop(1)>> code;
    inlay::pv_op<void(int), inlay::pv_nop> idle;
    inlay::pv_op<int(int), nullptr> missing;
};
[[gnu::visibility("hidden")]] inline constinit operations table; // as pv.hpp asks for in libraries
inline constexpr inlay::pv_call<&table, &operations::ordinary> ordinary;
inline constexpr inlay::pv_call<&table, &operations::kept> kept;
inline constexpr inlay::pv_alt_call<&table, &operations::code, nop(1)> code;
inline constexpr inlay::pv_alt_call<&table, &operations::idle, nop(1), !x> idle;
#endif

/// A function that receives an object's address must see an object.
inline void look_at(const void* object) { asm volatile("" : : "r"(object) : "memory"); }

// A function of the user's that takes inlay's types is exported, as any other.
inlay::outcome user_function(const inlay::outcome& done, inlay::error /*what*/, inlay::platform::process* /*self*/) {
    return done;
}

template <class... Object>
inline void look_at_all(const Object&... objects) {
    (look_at(&objects), ...);
}

inline int use_sites(int y) {
    int sum = number() + static_cast<int>(called()) + chosen(y) + call_it(y) + lambda(y) + zero(y);
    padding();
    null.maybe(y);
    sum += member(shape{y}, 1);
    sum += off ? 1 : 0;
    sum += likely(on) ? 1 : 0;
    sum += unlikely(holder::key) ? 1 : 0;
    sum += holder::call(y);
    switch (way) {
    case 3:
        sum += 3;
        break;
    case 17:
        sum += 17;
        break;
    default:
        break;
    }
    switch (chosen_codec) {
    case codec::fast:
        sum += 1;
        break;
    default:
        break;
    }
    hook(y);
    if (const auto proof = inlay::proof<x>()) {
        sum += proven(proof);
    }
#ifdef WITH_OPERATIONS
    sum += ordinary(y) + kept(y);
    code();
    idle(y);
#endif
    return sum;
}

inline int change() {
    int good = 0;
    const auto note = [&good](const inlay::outcome& done) { good += done ? 1 : 0; };
    inlay::set(x, true);
    inlay::set(holder::feature, true);
    note(inlay::set(off, true));
    note(inlay::set(off, false));
    note(inlay::enable(on));
    note(inlay::disable(on));
    note(inlay::set(way, 17));
    note(inlay::set(way, 3));
    note(inlay::set(chosen_codec, codec::small));
    note(inlay::update(call_it, &fast));
    note(inlay::update(call_it, [](int y) { return y; }));
    note(inlay::update(call_it, nullptr));
    note(inlay::update(call_it, &slow));
    note(inlay::update(zero, inlay::returns_zero<int(int)>));
    note(inlay::update(member, &ask_shape));
    note(inlay::update(null, inlay::no_target<void(int)>));
    note(inlay::choose(chosen, 1, inlay::unsupported_too));
    note(inlay::choose(chosen, &slow));
    note(inlay::choose_automatically(chosen));
    note(inlay::update(hook, &hooked));
    inlay::transaction<> many;
    many.set(off, true)
        .set(way, 17U)
        .set(chosen_codec, codec::small)
        .enable(on)
        .update(call_it, &fast)
        .update(hook, nullptr);
    note(many.commit());
    many.clear();
    many.set(off, false).set(way, 3U).disable(on).update(call_it, &slow);
    note(many.commit());
    note(limited.enable());
    note(limited.disable());
    note(limited.finish());
    note(late.enable());
    note(late.disable(1));
    note(late.flush(20));
#ifdef WITH_TEXT
    good += inlay::configure("exports.off=on, exports.way=17, exports.hook=null") ? 1 : 0;
    good += inlay::configure("exports.off=off\nexports.way=3\nexports.nobody=1").line() == 3 ? 1 : 0;
    note(inlay::set_by_name("exports.off", "off"));
    note(inlay::set_by_name("exports.way", "3"));
#endif
    // By platforms of the user's own.
    watching self;
    note(inlay::choose(chosen, &fast, inlay::unsupported_too, self));
    note(inlay::choose(chosen, 0, self));
    note(inlay::choose_automatically(chosen, self));
    note(many.commit(self));
    good +=
        chosen.supported(1) && chosen.target() != nullptr ? static_cast<int>(chosen.chosen() + chosen.automatic()) : 0;
    note(inlay::set(off, true, self));
    note(inlay::set(way, 17, self));
    note(inlay::enable(off, self));
    note(inlay::disable(off, self));
    note(inlay::update(call_it, &fast, self));
    note(inlay::update(zero, inlay::returns_zero<int(int)>, self));
    bare none{};
    note(inlay::apply(inlay::this_image(), none));
    note(inlay::apply(inlay::this_image(), self));
    note(inlay::apply_alternatives(inlay::this_image().alternatives, self));
#ifdef WITH_OPERATIONS
    inlay::on_missing_operation([](const char* /*operation*/) noexcept {});
    table.ordinary = inlay::native<&fast>;
    table.ordinary = inlay::native<&slow>;
    good += table.ordinary.is_native() && table.kept.target() != 0 ? 1 : 0;
#ifdef WITH_WALKS
    inlay::for_each_operation(table, [&good](auto& operation) { good += operation.is_native() ? 1 : 0; });
    inlay::restore(table);
#endif
#endif
#ifdef WITH_WALKS
    inlay::for_each_feature([&good](auto each) { good += each.text()[0] != '\0' ? 1 : 0; });
#endif
    reported all{};
    look_at(&all);
    all.done = user_function(inlay::apply(), all.what, &self);
    good += inlay::message(all.done.error())[0] + all.done.clash().name[0] + all.done.detail()[0];
    good += static_cast<int>(all.done.calls_kept() + all.done.calls_missed());
    return good;
}

} // namespace plugin

extern "C" [[gnu::visibility("default")]] int plugin_run(int y) {
    using namespace plugin;
    look_at_all(x, big, off, on, way, chosen_codec, call_it, lambda, member, null, zero, chosen, predicate, number,
                called, padding, result, holder::key, holder::call, holder::feature, inlay::cpu, inlay::always,
                inlay::never, inlay::none, inlay::no_target<void(int)>, inlay::returns_zero<int(int)>);
#ifdef WITH_OPERATIONS
    look_at_all(ordinary, kept, code, idle, inlay::pv_nop, inlay::native<&slow>, inlay::callee_save<&fast>);
#endif
    const auto done = inlay::apply();
    return done ? use_sites(y) + change() : -1;
}
