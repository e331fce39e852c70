// SPDX-License-Identifier: BSL-1.0
//
// Wrong uses, each with the expected error. run.sh cuts this file into cases; the lines before the first case are in
// every case.
#include <inlay/inlay.hpp>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::none, inlay::when;

inline constexpr inlay::feature<"negative.x", inlay::by_hand{}> x;
void function() noexcept;
double returns_double() noexcept;
struct big {
    long values[4];
};
big returns_big() noexcept;
constinit inline long variable = 1;

// CASE right_use
inline constexpr auto site = inlay::alternative<push(rax) + pop(rax), when<x, push(rcx) + pop(rcx)>>{};
void use() { site(); }

// CASE stack_disagrees_at_a_boundary
// EXPECT inlay: two forms of an alternative both have an instruction boundary at byte `AtByte`, but have pushed different amounts there
// EXPECT form<0, inlay::shown::instructions<inlay::shown::instruction::nop, inlay::shown::instruction::nop>
// EXPECT form<1, inlay::shown::instructions<inlay::shown::instruction::push, inlay::shown::instruction::pop>
inlay::alternative<nop(1) + nop(1), when<x, push(rax) + pop(rax)>> site;
void use() { site(); }

// CASE shorter_form_hides_a_stack_change_behind_padding
// EXPECT inlay: two forms of an alternative both have an instruction boundary at byte `AtByte`
// EXPECT form<0, inlay::shown::instructions<>
inlay::alternative<none, when<x, push(rax)>> site;
void use() { site(); }

// CASE second_and_third_form_disagree
// EXPECT inlay: two forms of an alternative both have an instruction boundary at byte `AtByte`
// EXPECT form<1, inlay::shown::instructions<inlay::shown::instruction::nop, inlay::shown::instruction::nop>
// EXPECT form<2, inlay::shown::instructions<inlay::shown::instruction::push, inlay::shown::instruction::pop>
inlay::alternative<nop(2), when<x, nop(1) + nop(1)>, when<!x, push(rax) + pop(rax)>> site;
void use() { site(); }

// CASE unbalanced_in_a_function
// EXPECT inlay: an alternative in a C++ function must leave the stack as it found it
inlay::alternative<push(rax), when<x, push(rcx)>> site;
void use() { site(); }

// CASE nothing_in_any_form
// EXPECT inlay: every form of this alternative is empty
inlay::alternative<none, when<x, none>> site;
void use() { site(); }

// CASE too_few_arguments
// EXPECT inlay: as many arguments as registers named by takes<...>()
inline constexpr auto site = inlay::alternative<nop(3), when<x, test(rdi, rdi)>>{}.takes<rdi>();
void use() { site(); }

// CASE operand_in_a_register_without_constraint
// EXPECT inlay: an alternative takes operands in rax, rbx, rcx, rdx, rsi, rdi, r8 and r9
inline constexpr auto site = inlay::alternative<nop(3), when<x, mov(rax, r10)>>{}.takes<r10>();
void use() { site(1); }

// CASE operand_register_twice
// EXPECT inlay: takes<...>() names a register twice
inline constexpr auto site = inlay::alternative<nop(3), when<x, mov(rax, rdi)>>{}.takes<rdi, rdi>();
void use() { site(1, 2); }

// CASE takes_twice
// EXPECT inlay: takes<...>() may be given once
inline constexpr auto site = inlay::alternative<nop(3), when<x, mov(rax, rdi)>>{}.takes<rdi>().takes<rsi>();

// CASE floating_point_operand
// EXPECT inlay: an operand of an alternative is an integer, an enum or a pointer
inline constexpr auto site = inlay::alternative<nop(3), when<x, test(rdi, rdi)>>{}.takes<rdi>();
void use() { site(1.5); }

// CASE wide_operand
// EXPECT inlay: an operand of an alternative fits one register
inline constexpr auto site = inlay::alternative<nop(3), when<x, test(rdi, rdi)>>{}.takes<rdi>();
void use() { site(static_cast<__int128>(1)); }

// CASE result_in_a_register_that_returns_nothing
// EXPECT inlay: an alternative returns in the register that functions return in
inline constexpr auto site = inlay::alternative<nop(3), when<x, mov(rsi, rdi)>>{}.returns<rsi, long>();

// CASE floating_point_result
// EXPECT inlay: an alternative returns an integer, an enum or a pointer
inline constexpr auto site = inlay::alternative<nop(3), when<x, mov(rax, rdi)>>{}.returns<rax, double>();

// CASE call_of_a_function_that_returns_a_double
// EXPECT inlay: a function called from an alternative cannot return a floating-point number
inlay::alternative<call<&returns_double>(), when<x, nop(5)>> site;
void use() { site(); }

// CASE call_of_a_function_that_returns_a_class
// EXPECT inlay: a function called from an alternative returns void, an integer, an enum or a pointer
inlay::alternative<call<&returns_big>(), when<x, nop(5)>> site;
void use() { site(); }

// CASE call_of_a_variable
// EXPECT inlay: call takes the address of a function
inlay::alternative<call<&variable>(), when<x, nop(5)>> site;

// CASE original_is_no_code
// EXPECT inlay: the first argument of alternative is its original code
inlay::alternative<5, when<x, nop(5)>> site;

// CASE replacement_without_when
// EXPECT inlay: write alternative<original, when<predicate, code>, ...>
inlay::alternative<nop(5), decltype(nop(3))> site;

// CASE feature_without_name
// EXPECT inlay: a feature needs a name
inlay::feature<"", inlay::by_hand{}> nameless;
bool use() { return nameless.text() == nullptr; }

// CASE probe_of_no_kind
// EXPECT inlay: a feature's probe is by_hand{}, an architecture's probe
inline constexpr inlay::feature<"negative.probe", 5> number;
inlay::alternative<nop(3), when<number, nop(3)>> site;
void use() { site(); }

// CASE set_of_a_feature_that_is_probed
// EXPECT inlay: only a feature that is found by_hand{} can be set
void use() { inlay::set(cpu.avx2, true); }

// CASE dispatch_without_name
// EXPECT inlay: a dispatch needs a name
inline constexpr inlay::dispatch<"", &function, when<x, &function>> nameless;
void use() { nameless(); }

// CASE dispatch_between_signatures
// EXPECT inlay: every function of a dispatch has the signature of the default one
inline constexpr inlay::dispatch<"negative.mixed", &function, when<x, &returns_double>> mixed;
void use() { mixed(); }

// CASE dispatch_of_a_variable
// EXPECT inlay: the second argument of dispatch is the address of its default function
inline constexpr inlay::dispatch<"negative.variable", &variable> of_variable;
void use() { (void)sizeof(of_variable); }

// CASE two_dispatches_of_one_name
// EXPECT inlay: two calls of this unit have one name but differ
void other() noexcept;
inline constexpr inlay::dispatch<"negative.same", &function, when<x, &other>> first;
inline constexpr inlay::dispatch<"negative.same", &other, when<x, &function>> second;
void use() {
    first();
    second();
}

// CASE jump_inside_leaves_the_stack_unbalanced
// EXPECT the_body_of_a_skip_must_pop_exactly_what_it_pushes
constexpr auto wrong = skip_if(condition::e, push(rax));

// CASE longer_than_a_code_can_be
// EXPECT one_code_holds_at_most_64_bytes
constexpr auto wrong = nop(60) + nop(5);

// CASE too_many_relative_operands
// EXPECT inlay: one code holds at most four relative operands
constexpr auto wrong =
    call<&function>() + call<&function>() + call<&function>() + call<&function>() + call<&function>();

// CASE key_without_name
// EXPECT inlay: a static key needs a name
inline constexpr inlay::static_key<"", false> nameless;
bool use() { return nameless; }

// CASE switch_without_name
// EXPECT inlay: a static switch needs a name
inline constexpr inlay::static_switch<"", 3> nameless;
unsigned use() { return nameless; }

// CASE switch_of_one_way
// EXPECT inlay: a static switch has 2 to 64 ways
inline constexpr inlay::static_switch<"negative.one", 1> one;
unsigned use() { return one; }

// CASE switch_of_too_many_ways
// EXPECT inlay: a static switch has 2 to 64 ways
inline constexpr inlay::static_switch<"negative.many", 65> many;
unsigned use() { return many; }

// CASE switch_that_begins_outside
// EXPECT inlay: the initial value of a static switch is one of its ways
inline constexpr inlay::static_switch<"negative.outside", 4, 4U> outside;
unsigned use() { return outside; }

// CASE call_without_name
// EXPECT inlay: a static call needs a name
inline constexpr inlay::static_call<"", &function> nameless;
void use() { nameless(); }

// CASE call_of_a_variadic_function
// EXPECT inlay: a static call cannot have a variadic function (...)
extern "C" int variadic(const char*, ...);
inline constexpr inlay::static_call<"negative.variadic", &variadic> print;
int use() { return print("x", 1); }

// CASE static_call_of_a_variable
// EXPECT inlay: the second argument of static_call is the address of a function
inline constexpr inlay::static_call<"negative.variable", &variable> of_variable;
void use() { (void)sizeof(of_variable); }

// CASE call_of_no_target_without_maybe
// EXPECT inlay: this static call has no target to begin with; say call.maybe(arguments...)
inline constexpr inlay::static_call<"negative.null", inlay::no_target<void()>> null;
void use() { null(); }

// CASE maybe_of_an_object
// EXPECT inlay: maybe() is for functions that return void, an integer, an enum or a pointer
inline constexpr inlay::static_call<"negative.maybe", &returns_double> maybe;
void use() { maybe.maybe(); }

// CASE returns_zero_of_a_double
// EXPECT inlay: no_target and returns_zero are for functions that return void, an integer, an enum or a pointer
inline constexpr inlay::static_call<"negative.zero", inlay::returns_zero<double()>> zero;
void use() { zero(); }

// CASE update_to_another_type
// EXPECT inlay: the second argument of update() is a function of exactly the call's signature
inline constexpr inlay::static_call<"negative.update", &function> call_of_function;
void use() { inlay::update(call_of_function, &returns_double); }

// CASE update_to_a_function_that_may_throw
// EXPECT inlay: the second argument of update() is a function of exactly the call's signature, noexcept
void throws();
void does_not() noexcept;
inline constexpr inlay::static_call<"negative.noexcept", &does_not> never_throws;
void use() { inlay::update(never_throws, &throws); }

// CASE update_to_a_member_function
// EXPECT inlay: give a member function to update() as inlay::member<&type::function>
struct shape {
    int area(int times);
};
inline constexpr inlay::static_call<"negative.member", &shape::area> area;
void use() { inlay::update(area, &shape::area); }

// CASE update_to_a_zero_of_another_type
// EXPECT inlay: the second argument of update() is a function of exactly the call's signature
inline constexpr inlay::static_call<"negative.zeros", &function> call_of_function;
void use() { inlay::update(call_of_function, inlay::returns_zero<int(int)>); }

// CASE two_calls_of_one_name
// EXPECT inlay: two calls of this unit have one name but differ
void other() noexcept;
inline constexpr inlay::static_call<"negative.twice", &function> first;
inline constexpr inlay::static_call<"negative.twice", &other> second;
void use() {
    first();
    second();
}

// CASE set_of_a_key_to_what_is_no_value
// EXPECT no matching function
inline constexpr inlay::static_key<"negative.value", false> key;
struct nothing_like_a_bool {};
void use() { inlay::set(key, nothing_like_a_bool{}); }

// CASE right_transaction
inline constexpr inlay::static_key<"negative.value", false> key;
inline constexpr inlay::static_call<"negative.update", &function> call_of_function;
bool use() {
    inlay::transaction<2> t;
    t.set(key, true).update(call_of_function, nullptr);
    return static_cast<bool>(t.commit());
}

// CASE transaction_without_room
// EXPECT inlay: the limit of a transaction is the number of its changes, 1 to 4096
inlay::transaction<0> t;

// CASE transaction_that_updates_to_another_type
// EXPECT inlay: the second argument of update() is a function of exactly the call's signature
inline constexpr inlay::static_call<"negative.update", &function> call_of_function;
void use(inlay::transaction<>& t) { t.update(call_of_function, &returns_double); }

// CASE transaction_that_sets_a_call
// EXPECT no matching
inline constexpr inlay::static_call<"negative.update", &function> call_of_function;
void use(inlay::transaction<>& t) { t.set(call_of_function, true); }

// CASE transaction_that_enables_a_switch
// EXPECT no matching
inline constexpr inlay::static_switch<"negative.ways", 4, 0U> ways;
void use(inlay::transaction<>& t) { t.enable(ways); }

// CASE transaction_by_no_platform
// EXPECT place_of_changes
struct writes_nothing {};
bool use(inlay::transaction<>& t, writes_nothing& platform) { return static_cast<bool>(t.commit(platform)); }

// CASE transaction_that_is_copied
// EXPECT deleted
void use(inlay::transaction<>& t) { inlay::transaction<> other = t; }

// CASE operation_with_a_wide_result
// EXPECT inlay: the result of a paravirt operation is not wider than a register
#include <inlay/pv.hpp>
__int128 wide();
inlay::pv_op<__int128(), &wide> operation;

// CASE operation_with_a_result_that_is_no_integer
// EXPECT inlay: a paravirt operation returns void, an integer, an enum or a pointer
#include <inlay/pv.hpp>
inlay::pv_op<double(), &returns_double> operation;

// CASE operation_with_an_argument_that_is_an_object
// EXPECT inlay: each argument of a paravirt operation is an integer, an enum or a pointer that fits one register
#include <inlay/pv.hpp>
struct two_words {
    long a, b;
};
void takes(two_words);
inlay::pv_op<void(two_words), &takes> operation;

// CASE operation_with_seven_arguments
// EXPECT inlay: a paravirt operation has no more arguments than registers for them exist
#include <inlay/pv.hpp>
void takes(int, int, int, int, int, int, int);
inlay::pv_op<void(int, int, int, int, int, int, int), &takes> operation;

// CASE operation_with_another_native_target
// EXPECT inlay: the native target of a pv_op is the address of a function of its signature
#include <inlay/pv.hpp>
inlay::pv_op<void(int), &returns_double> operation;

// CASE operation_with_a_noexcept_signature
// EXPECT inlay: write pv_op<result(parameters...), target>: a function type without noexcept
#include <inlay/pv.hpp>
inlay::pv_op<void() noexcept, nullptr> operation;

// CASE function_assigned_to_a_callee_save_operation
// EXPECT inlay: this operation is callee-save: assign callee_save<&function>
#include <inlay/pv.hpp>
inlay::pv_op<void(), inlay::callee_save<nullptr>> operation;
void target();
void use() { operation = &target; }

// CASE callee_save_function_assigned_to_an_ordinary_operation
// EXPECT inlay: the target has the other calling convention
#include <inlay/pv.hpp>
inlay::pv_op<void(), nullptr> operation;
void target();
void use() { operation = inlay::callee_save<&target>; }

// CASE function_of_another_signature_assigned_to_an_operation
// EXPECT inlay: the target of a paravirt operation has its signature
#include <inlay/pv.hpp>
inlay::pv_op<void(), nullptr> operation;
void use() { operation = &returns_double; }

// CASE nothing_assigned_to_an_operation_with_a_result
// EXPECT inlay: pv_nop is a target of operations that return void
#include <inlay/pv.hpp>
inlay::pv_op<int(), nullptr> operation;
void use() { operation = inlay::pv_nop; }

// CASE callee_save_nothing_as_an_operation_with_a_result
// EXPECT inlay: the native target of a pv_op is the address of a function of its signature
#include <inlay/pv.hpp>
inlay::pv_op<int(), inlay::callee_save<inlay::pv_nop>> operation;

// CASE native_code_longer_than_the_call
// EXPECT inlay: the native code is longer than the call whose place it takes
#include <inlay/pv.hpp>
struct table {
    inlay::pv_op<void(), nullptr> operation;
};
inline constinit table operations;
inline constexpr inlay::pv_alt_call<&operations, &table::operation, nop(7), cpu.xenpv> call_it;
void use() { (void)sizeof(call_it); }

// CASE function_of_too_many_instructions
// EXPECT inlay: a function made of instructions has at most 32 bytes of them, and no symbols
#include <inlay/pv.hpp>
inlay::pv_op<void(), inlay::native<nop(33)>> operation;

// CASE operation_by_index_without_the_header
// EXPECT inlay: an operation is named by its member, &irq_ops::save_fl; by its index, with inlay/pv_ops.hpp included
#include <inlay/pv.hpp>
struct table {
    inlay::pv_op<void(), nullptr> operation;
};
inline constinit table operations;
inline constexpr inlay::pv_call<&operations, 0> first;
void use() { first(); }

// CASE table_with_something_else
// EXPECT inlay: a paravirt table is an aggregate of nothing but pv_op members
#include <inlay/pv_ops.hpp>
struct table {
    inlay::pv_op<void(), nullptr> operation;
    int number;
};
static_assert(inlay::operation_count<table> == 2);

// CASE form_changes_a_register_that_the_site_keeps
// EXPECT inlay: a form of this alternative changes a register that the site neither returns nor clobbers
// EXPECT forms_change_only_what_the_site_says<inlay::shown::form<1, inlay::shown::instructions<inlay::shown::instruction::rdtscp>
// EXPECT inlay::shown::general_register::rcx
inline constexpr auto now = inlay::alternative<rdtsc(), when<cpu.rdtscp, rdtscp()>>{}.returns<edx_eax, std::uint64_t>();
std::uint64_t use() { return now(); }

// CASE form_changes_its_input
// EXPECT inlay: a form of this alternative changes a register that the site neither returns nor clobbers
inline constexpr auto site = inlay::alternative<nop(3), when<x, inc(rdi)>>{}.takes<rdi>();
void use() { site(1); }

// CASE form_changes_a_callee_saved_register
// EXPECT inlay: a form of this alternative changes a register that the site neither returns nor clobbers
inline constexpr auto site = inlay::alternative<nop(2), when<x, cpuid()>>{}.takes<rax>().clobbers_all();
void use() { site(1); }

// CASE when_never_holds
// EXPECT inlay: the predicate of a `when` never holds
// EXPECT a_when_can_win
inline constexpr inlay::alternative<nop(3), when<x && !x, lfence()>> site;
void use() { site(); }

// CASE when_never_holds_as_all_values_show
// EXPECT inlay: the predicate of a `when` never holds
inline constexpr inlay::alternative<nop(3), when<cpu.sse2, lfence()>,
                                    when<(x || cpu.smap) && !x && !cpu.smap, mfence()>>
    site;
void use() { site(); }

// CASE when_never_wins
// EXPECT inlay: a `when` never wins: wherever its predicate holds, that of a later `when` holds as well
// EXPECT Write the special case after the general one
inline constexpr inlay::alternative<nop(4), when<cpu.sse2 && !cpu.xenpv, mfence()>, when<cpu.sse2, lfence()>> site;
void use() { site(); }

// CASE when_never_wins_against_two_together
// EXPECT inlay: a `when` never wins: wherever its predicate holds, that of a later `when` holds as well
inline constexpr inlay::alternative<nop(3), when<cpu.sse2, mfence()>, when<x, lfence()>, when<!x, sfence()>> site;
void use() { site(); }

// CASE when_that_always_holds_before_others
// EXPECT inlay: a `when` never wins: wherever its predicate holds, that of a later `when` holds as well
inline constexpr inlay::alternative<nop(3), when<x, mfence()>, when<inlay::always, lfence()>> site;
void use() { site(); }

// CASE ternary_that_is_none
// EXPECT inlay: the predicate of a `when` never holds
inline constexpr inlay::ternary<inlay::never, lfence(), mfence(), nop(3)> site;
void use() { site(); }

// CASE dispatch_function_that_is_never_chosen
// EXPECT inlay: a `when` never wins: wherever its predicate holds, that of a later `when` holds as well
void other() noexcept;
inline constexpr inlay::dispatch<"negative", &function, when<cpu.avx2 && cpu.bmi2, &other>, when<cpu.avx2, &function>>
    d;
void use() { d(); }

// CASE dispatch_function_whose_predicate_never_holds
// EXPECT inlay: the predicate of a `when` never holds
void other() noexcept;
inline constexpr inlay::dispatch<"negative", &function, when<x && inlay::never, &other>> d;
void use() { d(); }

// CASE right_whens
void other() noexcept;
inline constexpr inlay::alternative<nop(3), when<inlay::always, mfence()>, when<x, lfence()>,
                                    when<x && cpu.sse2, sfence()>>
    site;
inline constexpr inlay::alternative<nop(3), when<cpu.sse2, mfence()>, when<x, lfence()>, when<!x && cpu.smap, sfence()>>
    three;
inline constexpr inlay::dispatch<"negative", &function, when<cpu.avx2, &other>, when<cpu.avx2 && cpu.bmi2, &function>>
    d;
inline constexpr inlay::ternary<x, lfence(), mfence(), nop(3)> two;
void use() {
    site();
    three();
    two();
    d();
}

// CASE form_loads_the_vector_registers
// EXPECT inlay: a form of this alternative loads the vector registers (xrstor, xrstors, fxrstor)
// EXPECT form<0, inlay::shown::instructions<inlay::shown::instruction::xrstor64>
inline constexpr auto restore =
    inlay::alternative<xrstor64(ptr(rdi)), when<cpu.xsaves, xrstors64(ptr(rdi))>>{}.takes<rdi, rax, rdx>();
void use(const void* state) { restore(state, 3, 0); }

// CASE clobbers_a_debug_register
// EXPECT inlay: clobbers<...>() names general registers, but for the stack pointer and rbp
inline constexpr auto site = inlay::alternative<nop(3)>{}.clobbers<dr7>();
void use() { site(); }

// CASE string_instruction_moves_its_operands
// EXPECT inlay: a form of this alternative changes a register that the site neither returns nor clobbers
inline constexpr auto copy = inlay::alternative<rep_movsq(), when<cpu.fsrm, rep_movsb()>>{}.takes<rdi, rsi, rcx>();
void use(void* to, const void* from) { copy(to, from, 8); }

// CASE bit_beyond_the_register
// EXPECT the_number_of_a_bit_must_be_less_than_the_width_of_the_register
constexpr auto set = bts(eax, 32);

// CASE right_state_and_strings
inline constexpr auto save = inlay::alternative<xsave64(ptr(rdi)), when<cpu.xsaveopt, xsaveopt64(ptr(rdi))>,
                                                when<cpu.xsaves, xsaves64(ptr(rdi))>>{}
                                 .takes<rdi, rax, rdx>();
inline constexpr auto restore = inlay::alternative<xrstor64(ptr(rdi)), when<cpu.xsaves, xrstors64(ptr(rdi))>>{}
                                    .takes<rdi, rax, rdx>()
                                    .clobbers_all();
inline constexpr auto copy = inlay::alternative<rep_movsb()>{}.takes<rdi, rsi, rcx>().clobbers<rdi, rsi, rcx>();
void use(void* to, const void* from) {
    save(to, 3, 0);
    restore(from, 3, 0);
    copy(to, from, 8);
}

// CASE right_clobbers
inline constexpr auto now =
    inlay::alternative<rdtsc(), when<cpu.rdtscp, rdtscp()>>{}.returns<edx_eax, std::uint64_t>().clobbers<rcx>();
inline constexpr auto fill = inlay::alternative<bytes(0xf3, 0xaa).reads<rdi, rcx, rax>().writes<rdi, rcx>()>{}
                                 .takes<rdi, rax, rcx>()
                                 .clobbers<rdi, rcx>();
inline constexpr auto identify =
    inlay::alternative<nop(2), when<x, cpuid()>>{}.takes<rax>().clobbers<rax, rbx, rcx, rdx>();
inline constexpr auto kept = inlay::alternative<none, when<x, push(rcx) + inc(rcx) + pop(rcx)>>{};
std::uint64_t use(void* to) {
    fill(to, 0, 8);
    identify(1);
    kept();
    return now();
}

// CASE bytes_that_say_nothing
// EXPECT inlay: a form has bytes(...) and does not name the registers that they change
// EXPECT form<1, inlay::shown::instructions<inlay::shown::instruction::lfence, inlay::shown::instruction::bytes>
inline constexpr auto site = inlay::alternative<nop(3), when<x, lfence() + bytes(0x0f, 0x01, 0xee)>>{};
void use() { site(); }

// CASE clobbers_the_stack_pointer
// EXPECT inlay: clobbers<...>() names general registers, but for the stack pointer and rbp
inline constexpr auto site = inlay::alternative<nop(3)>{}.clobbers<rsp>();
void use() { site(); }

// CASE clobbers_a_control_register
// EXPECT inlay: clobbers<...>() names general registers
inline constexpr auto site = inlay::alternative<nop(3)>{}.clobbers<cr3>();
void use() { site(); }

// CASE callee_save_instructions_change_another_register
// EXPECT inlay: these instructions change a register that calls of the operation take for unchanged
#include <inlay/pv.hpp>
struct ops {
    inlay::pv_op<long(), inlay::callee_save<rdtsc()>> read;
};
inline constinit ops table;

// CASE native_instructions_change_rbx
// EXPECT inlay: these instructions change a register that calls of the operation take for unchanged
// EXPECT inlay::shown::instructions<inlay::shown::instruction::cpuid>
// EXPECT inlay::shown::general_register::rbx
#include <inlay/pv.hpp>
struct ops {
    inlay::pv_op<void(), inlay::native<cpuid()>> identify;
};
inline constinit ops table;

// CASE inlined_instructions_change_another_register
// EXPECT inlay: a form of this alternative changes a register that the site neither returns nor clobbers
#include <inlay/pv.hpp>
long zero() noexcept;
struct ops {
    inlay::pv_op<long(), inlay::callee_save<&zero>> read;
};
inline constinit ops table;
inline constexpr inlay::pv_alt_call<&table, &ops::read, rdtsc(), x> read_it;
long use() { return read_it(); }

// CASE name_with_the_bytes_of_a_null
// EXPECT inlay: a name has the bytes C0 80 in it; they stand for a null character in the tables
inline constexpr inlay::static_key<"a\xc0\x80", false> key;
bool use() { return key; }

// CASE right_name_with_nulls
inline constexpr inlay::static_key<"a\0b\0", false> key;
inline constexpr inlay::static_key<"a\x80\xc0", false> other;
bool use() { return key || other; }

// CASE choose_a_function_of_another_signature
// EXPECT inlay: the second argument of choose() is the number of a function of the dispatch, or its address
void other() noexcept;
inline constexpr inlay::dispatch<"negative.choose", &function, when<x, &other>> chosen;
bool use() { return static_cast<bool>(inlay::choose(chosen, &returns_double)); }

// CASE choose_by_a_truth_value
// EXPECT inlay: the second argument of choose() is the number of a function of the dispatch, or its address
void other() noexcept;
inline constexpr inlay::dispatch<"negative.choose", &function, when<x, &other>> chosen;
bool use() { return static_cast<bool>(inlay::choose(chosen, true)); }

// CASE right_choose
void other() noexcept;
inline constexpr inlay::dispatch<"negative.choose", &function, when<x, &other>> chosen;
bool use() {
    return inlay::choose(chosen, 1) && inlay::choose(chosen, &other) && inlay::choose_automatically(chosen) &&
           inlay::choose(chosen, 1U, inlay::unsupported_too);
}

// CASE right_controls
#include <inlay/controls.hpp>
inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr inlay::static_call<"app.clock", &returns_big> clock_source;
inline constexpr auto knobs = inlay::controls(trace, inlay::control(clock_source, inlay::target<"big", &returns_big>));
using namespace inlay::literals;
bool use() { return knobs["app.trace"_s]; }

// CASE control_of_an_unknown_name
// EXPECT inlay: none of these controls has the name `Asked`; write one of the names `Known`, or add the key, switch, call or hook to inlay::controls(...)
#include <inlay/controls.hpp>
inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr inlay::static_switch<"app.level", 4, 0> level;
inline constexpr auto knobs = inlay::controls(trace, level);
using namespace inlay::literals;
bool use() { return knobs["app.trac"_s]; }

// CASE two_controls_of_one_name
// EXPECT inlay: two of these controls have one name
#include <inlay/controls.hpp>
inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr inlay::static_switch<"app.trace", 4, 0> level;
inline constexpr auto knobs = inlay::controls(trace, level);

// CASE control_of_something_else
// EXPECT inlay: a control is a static key, a static switch, a static call or a hook
#include <inlay/controls.hpp>
inline constexpr auto knobs = inlay::controls(x);

// CASE control_that_no_text_could_name
// EXPECT inlay: a text cannot set a control whose name has a blank, a comma, '=' or '#' in it
#include <inlay/controls.hpp>
inline constexpr inlay::static_key<"app, trace", false> trace;
inline constexpr auto knobs = inlay::controls(trace);

// CASE target_of_another_signature
// EXPECT inlay: a target of a static call is a function of exactly the call's signature
#include <inlay/controls.hpp>
inline constexpr inlay::static_call<"app.run", &function> run;
inline constexpr auto knobs = inlay::controls(inlay::control(run, inlay::target<"double", &returns_double>));

// CASE null_target_of_a_call_that_returns_an_object
// EXPECT inlay: a target of a static call is a function of exactly the call's signature
#include <inlay/controls.hpp>
inline constexpr inlay::static_call<"app.run", &returns_big> run;
inline constexpr auto knobs = inlay::controls(inlay::control(run, inlay::target<"none", nullptr>));

// CASE two_targets_of_one_name
// EXPECT inlay: two targets of a static call have one name
#include <inlay/controls.hpp>
inline constexpr inlay::static_call<"app.run", &function> run;
inline constexpr auto knobs =
    inlay::controls(inlay::control(run, inlay::target<"a", &function>, inlay::target<"a", nullptr>));

// CASE target_of_a_key
// EXPECT inlay: only static calls and hooks have targets
#include <inlay/controls.hpp>
inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr auto knobs = inlay::controls(inlay::control(trace, inlay::target<"a", &function>));

// CASE target_named_null
// EXPECT are targets of each static call already: use another name
#include <inlay/names.hpp>
inline constexpr inlay::static_call<"app.run", &function> run;
void use() { inlay::name_targets(run, inlay::target<"null", &function>); }

// CASE target_whose_name_has_a_blank
// EXPECT inlay: the name of a target is not empty, and has no blank, comma, '=' or '#' in it
#include <inlay/names.hpp>
inline constexpr inlay::static_call<"app.run", &function> run;
void use() { inlay::name_targets(run, inlay::target<"a b", &function>); }

// CASE named_target_of_another_signature
// EXPECT inlay: a target of a static call is a function of exactly the call's signature
#include <inlay/names.hpp>
inline constexpr inlay::static_call<"app.run", &function> run;
void use() { inlay::name_targets(run, inlay::target<"big", &returns_big>); }

// CASE hook_that_returns_something
// EXPECT inlay: a hook returns nothing: give it a pointer to the place of its result, or use static_call
inline constexpr inlay::hook<"app.hook", int(int)> hooked;
void use() { hooked(1); }

// CASE hook_with_a_parameter_in_no_register
// EXPECT inlay: the parameters of a hook are integers, enums, pointers and lvalue references
inline constexpr inlay::hook<"app.hook", void(double)> hooked;
void use() { hooked(1.0); }

// CASE hook_with_too_many_parameters
// EXPECT inlay: a hook has at most 6 parameters, in 32-bit mode 3: give it a pointer to a struct
inline constexpr inlay::hook<"app.hook", void(int, int, int, int, int, int, int)> hooked;
void use() { hooked(1, 2, 3, 4, 5, 6, 7); }

// CASE hook_of_no_function
// EXPECT inlay: the second argument of hook is the type of a function
inline constexpr inlay::hook<"app.hook", int> hooked;
void use() { hooked(1); }

// CASE hook_without_a_name
// EXPECT inlay: a hook needs a name
inline constexpr inlay::hook<"", void(int)> hooked;
void use() { hooked(1); }

// CASE target_of_a_hook_that_may_throw
// EXPECT inlay: the target of a hook is a function of exactly the hook's type, and noexcept
inline constexpr inlay::hook<"app.hook", void(int)> hooked;
void throws(int);
void use() { (void)inlay::update(hooked, &throws); }

// CASE target_of_a_hook_of_another_type
// EXPECT inlay: the target of a hook is a function of exactly the hook's type, and noexcept
inline constexpr inlay::hook<"app.hook", void(int)> hooked;
void other(long) noexcept;
void use() { (void)inlay::update(hooked, &other); }

// CASE named_target_of_a_hook_that_may_throw
// EXPECT inlay: a target of a hook is a function of exactly the hook's type, and noexcept
#include <inlay/names.hpp>
inline constexpr inlay::hook<"app.hook", void(int)> hooked;
void throws(int);
void use() { inlay::name_targets(hooked, inlay::target<"throws", &throws>); }

// CASE control_of_a_hook_whose_target_may_throw
// EXPECT inlay: a target of a hook is a function of exactly the hook's type, and noexcept
#include <inlay/controls.hpp>
inline constexpr inlay::hook<"app.hook", void(int)> hooked;
void throws(int);
inline constexpr auto knobs = inlay::controls(inlay::control(hooked, inlay::target<"throws", &throws>));

// CASE right_hook
inline constexpr inlay::hook<"app.hook", void(const char*, int&) noexcept> hooked;
void target(const char*, int&) noexcept;
void use(int& number) {
    hooked("text", number);
    (void)inlay::update(hooked, &target);
    (void)inlay::update(hooked, [](const char*, int&) noexcept {});
    (void)inlay::update(hooked, nullptr);
}

// CASE table_of_features_with_something_else
// EXPECT inlay: a table of features is an aggregate of nothing but features
#include <inlay/features.hpp>
namespace {
struct table {
    inlay::feature<"negative.a", inlay::by_hand{}> a;
    int number;
};
} // namespace
void use() {
    inlay::for_each_feature(table{}, [](auto) {});
}

// CASE right_proof
int needs(inlay::proof_of<x>);
int use() {
    if (auto known = inlay::proof<x && cpu.sse2>()) {
        return needs(known);
    }
    return 0;
}

// CASE no_proof_at_all
// EXPECT inlay: only inlay::proof hands out a proof of a feature: if (auto pmu = inlay::proof<cpu.pmuv3>()) { f(pmu); }
int needs(inlay::proof_of<x>);
int use() { return needs({}); }

// CASE proof_by_hand
// EXPECT inlay: this is no proof of that feature: only inlay::proof hands it out: if (auto pmu = inlay::proof<cpu.pmuv3>()) { f(pmu); }
int needs(inlay::proof_of<x>);
int use() { return needs(true); }

// CASE proof_of_another_feature
// EXPECT inlay: this is no proof of that feature: only inlay::proof hands it out
int needs(inlay::proof_of<x>);
int use() {
    if (auto known = inlay::proof<cpu.sse2>()) {
        return needs(known);
    }
    return 0;
}

// CASE proof_of_either_is_none_of_one
// EXPECT inlay: this is no proof of that feature: only inlay::proof hands it out
int needs(inlay::proof_of<x>);
int use() {
    if (auto known = inlay::proof<x || cpu.sse2>()) {
        return needs(known);
    }
    return 0;
}

// CASE right_code_rules
#include <inlay/arch/aarch64/system_registers.hpp>
#include <inlay/code_rules.hpp>
namespace rules = inlay::rules;
inline constexpr auto region = rules::each(rules::call | rules::call_of("ns::f") | rules::function("g"))
                                   .since(rules::point("begin"))
                                   .until(rules::point("end"))
                                   .in("f", "g")
                                   .outside_sites("gic.*")
                                   .if_any()
                                   .never()
                                   .because("no call in the region");
inline constexpr auto gate = rules::each(rules::mrs(inlay::aarch64::insn::icc_iar1_el1) | rules::dc("cvau") |
                                         rules::dsb(10, 15) | rules::access(inlay::aarch64::insn::icc_iar1_el1))
                                 .only_when<x && !cpu.sse2>()
                                 .because("there may be no GIC");
inline constexpr auto twice =
    rules::each(rules::instruction("popf")).in_sites("s").where<x>().times(2).because("a pair");
inline constexpr auto ordered = rules::each(rules::store)
                                    .after(rules::load, rules::call)
                                    .without(rules::returns)
                                    .reached_from("f", "g")
                                    .because("it is ordered");
inline constexpr auto followed =
    rules::each(rules::store).then(rules::load, rules::call).outside("f", "g").because("a load follows");
inline constexpr auto next_one =
    rules::each(rules::store).in_sites("s", "t").next(rules::load, rules::call).over_calls().because("a load is next");
template struct inlay::code_rules<region, gate, twice, ordered, followed, next_one>;
void use() {
    inlay::code_point<"begin">();
    inlay::code_point<"a name that has 32 characters ..">();
}

// CASE code_rules_without_a_rule
// EXPECT inlay: code_rules declares rules: template struct inlay::code_rules<my_rule>;
#include <inlay/code_rules.hpp>
template struct inlay::code_rules<>;

// CASE code_rule_that_is_too_long
// EXPECT inlay: a code rule is too long: at most 240 characters of patterns in one list, 1,024 in all
#include <inlay/code_rules.hpp>
inline constexpr auto rule =
    inlay::rules::each(inlay::rules::call)
        .never()
        .because("........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................"
                 "........................................................................................");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_a_list_that_is_too_long
// EXPECT inlay: a code rule is too long: at most 240 characters of patterns in one list, 1,024 in all
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call_of("function_with_a_name_of_forty_characters_1") |
                                                inlay::rules::call_of("function_with_a_name_of_forty_characters_2") |
                                                inlay::rules::call_of("function_with_a_name_of_forty_characters_3") |
                                                inlay::rules::call_of("function_with_a_name_of_forty_characters_4") |
                                                inlay::rules::call_of("function_with_a_name_of_forty_characters_5"))
                                 .never()
                                 .because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_two_names_in_one
// EXPECT inlay: a name or sentence in a code rule is empty, or has a line break or a '|' in it: give each name as an argument of its own
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).in("f | g").never().because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_an_empty_name
// EXPECT inlay: a name or sentence in a code rule is empty, or has a line break
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::function("")).never().because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_a_line_break
// EXPECT inlay: a name or sentence in a code rule is empty, or has a line break
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).never().because("two\nlines");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_an_unknown_instruction
// EXPECT inlay: a code rule does not know this instruction: write the manual's mnemonic in small letters, without a suffix for its size
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::instruction("popfq")).never().because("no popf");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_unknown_cache_maintenance
// EXPECT inlay: a code rule does not know this instruction
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::dc("zva")).never().because("no zeros");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_an_unknown_barrier
// EXPECT inlay: this is no kind of a barrier: write dsb(barrier::ishst), with names of inlay::aarch64::insn::barrier
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::dsb(4)).never().because("no barrier");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_a_barrier_of_no_kind
// EXPECT inlay: this is no kind of a barrier: write dsb(barrier::ishst)
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::dmb()).never().because("no barrier");
template struct inlay::code_rules<rule>;

// CASE code_rule_that_writes_a_register_that_is_read_only
// EXPECT inlay: msr does not write this register, or mrs does not read it: write access(register)
#include <inlay/arch/aarch64/system_registers.hpp>
#include <inlay/code_rules.hpp>
inline constexpr auto rule =
    inlay::rules::each(inlay::rules::msr(inlay::aarch64::insn::icc_iar1_el1)).never().because("it is read");
template struct inlay::code_rules<rule>;

// CASE code_rule_that_reads_a_register_that_is_write_only
// EXPECT inlay: msr does not write this register, or mrs does not read it: write access(register)
#include <inlay/arch/aarch64/system_registers.hpp>
#include <inlay/code_rules.hpp>
inline constexpr auto rule =
    inlay::rules::each(inlay::rules::mrs(inlay::aarch64::insn::icc_sgi1r_el1)).never().because("it is written");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_two_demands
// EXPECT inlay: a code rule demands one thing: write one of never, after, then, next, only_when, times, and a second rule for the other
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).never().times(2).because("both");
template struct inlay::code_rules<rule>;

// CASE code_rule_without_between_nothing
// EXPECT inlay: without(...) says what is not between two instructions: write it with after(...) or then(...)
#include <inlay/code_rules.hpp>
inline constexpr auto rule =
    inlay::rules::each(inlay::rules::call).without(inlay::rules::store).never().because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_until_and_no_since
// EXPECT inlay: until(...) ends a region: write since(...) for its begin
#include <inlay/code_rules.hpp>
inline constexpr auto rule =
    inlay::rules::each(inlay::rules::call).until(inlay::rules::store).never().because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_since_and_then
// EXPECT inlay: since(...) and reached_from(...) say where paths begin: write one of them, with never or after
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call)
                                 .since(inlay::rules::store)
                                 .then(inlay::rules::load)
                                 .because("a load follows");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_since_and_reached_from
// EXPECT inlay: since(...) and reached_from(...) say where paths begin: write one of them, with never or after
#include <inlay/code_rules.hpp>
inline constexpr auto rule =
    inlay::rules::each(inlay::rules::call).since(inlay::rules::store).reached_from("f").never().because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_that_counts_on_paths
// EXPECT inlay: since(...) and reached_from(...) say where paths begin: write one of them, with never or after
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).reached_from("f").times(2).because("two calls");
template struct inlay::code_rules<rule>;

// CASE code_rule_that_counts_to_zero
// EXPECT inlay: times(n) counts 1 to 65,535 instructions: write never() for none
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).in("f").times(0).because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_with_an_empty_pattern
// EXPECT inlay: a code rule has an empty pattern: name an instruction
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::pattern{}).never().because("nothing");
template struct inlay::code_rules<rule>;

// CASE code_rule_that_demands_nothing
// EXPECT inlay: this code rule demands nothing: add one of .never(), .after(...), .then(...), .next(...), .only_when<...>(), .times(...)
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).in("f").because("no call");
template struct inlay::code_rules<rule>;

// CASE code_rule_without_a_reason
// EXPECT inlay: a code rule says why, for the message of an error: add .because(
#include <inlay/code_rules.hpp>
inline constexpr auto rule = inlay::rules::each(inlay::rules::call).never();
template struct inlay::code_rules<rule>;

// CASE code_point_with_a_long_name
// EXPECT inlay: the name of a code point has 1 to 32 characters
#include <inlay/code_rules.hpp>
void use() { inlay::code_point<"a name that has 33 characters ...">(); }

// CASE code_point_without_a_name
// EXPECT inlay: the name of a code point has 1 to 32 characters
#include <inlay/code_rules.hpp>
void use() { inlay::code_point<"">(); }
