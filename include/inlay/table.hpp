// SPDX-License-Identifier: BSL-1.0
//
// table: the layout of a program's data about its patch sites.
//
//     section inlay_alternatives   8 bytes a site: where it is, and its forms
//     section inlay_calls          8 bytes a site: where it is, and its callee
//     section inlay_keys           12 bytes a site: where it is, where it may jump, whose value decides
//     section inlay_names          16 bytes a key or static call: its name, its type, its cell; once a unit
//     section .rodata              the data that sites share: choices, forms, features; once a unit
//     section .data                the results of apply(): predicate nodes, feature cells, cells of names
//     section .note.inlay          where an image has its `image`, for others that share names with it
//     .init_array, .fini_array     in programs: an image joins the others when it is loaded, and leaves them
//
// How it works. A record names its site and a `choice`. A choice is a list from the last `when` to the original form.
// A walk ends at the first predicate that holds, so the last `when` that holds wins (as in Linux). All
// references are 32-bit distances from the field itself. So the tables need no run-time relocation, may be mapped
// anywhere, and an ELF file can be read like a live image.
//
// Linux's struct alt_instr takes 14 bytes for each replacement. Here an alternative takes 8 bytes for each site, with
// any number of replacements, because all sites of one declaration share the description.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

namespace inlay {

/// An address of the image as a number; tables are read through these.
using address = uintptr_t;

namespace table {

// Members of these structs are inlined, because their names do not distinguish units for different processors. The
// structs are not hidden: a user's visible type may contain them, and a visible type must not contain a hidden type.

/// Distance in bytes from the field itself; 0 refers to nothing.
struct reference {
    int32_t distance;

    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] explicit operator bool() const noexcept {
        return distance != 0;
    }

    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] address target() const noexcept {
        return reinterpret_cast<address>(this) + static_cast<address>(static_cast<intptr_t>(distance));
    }
};

/// Whether the running apply() found the value: 0 if not. Else 1, or the distance to the value that it found before, so
/// that it can forget all values when it ends. (A number for each run would repeat some day, and images that patch each
/// other's tables would have to agree on the number.)
struct memo {
    int32_t before;
};

[[gnu::visibility("hidden")]] inline constexpr int32_t first_memo = 1; ///< no distance: memos are aligned to four bytes

/// The data of apply() about one feature. All units share it: a feature's name and probe are its identity.
struct feature_cell {
    uint8_t value;   ///< 1: the feature holds
    uint8_t by_hand; ///< 1: set(feature, true) was called
    uint8_t forced;  ///< override: 0 none, 1 off, 2 on
    uint8_t reserved;
    table::memo memo; ///< of `value`
    uint32_t probed;  ///< programs: 2 * the number of the apply() that ran the probe, + 1 if it said yes
};

/// How a feature is found.
enum class probe_kind : uint32_t { // NOLINT(performance-enum-size): the assembler writes a word
    by_hand = 0,                   ///< feature_cell::by_hand
    cpu = 1,                       ///< feature_record::words, meaning known to the architecture
    function = 2,                  ///< feature_record::function, a bool() noexcept
};

/// The arguments of an architecture's probe, e.g. a CPUID leaf and bit.
struct probe_words {
    uint32_t word[3];
};

struct feature_record {
    reference cell; ///< feature_cell
    reference name; ///< characters, null-terminated
    probe_kind kind;
    probe_words words;
    reference function;
};

enum class predicate_op : uint8_t {
    feature = 1,     ///< a: feature_record
    not_feature = 2, ///< a: feature_record
    all = 3,         ///< a and b: predicate_node
    any = 4,         ///< a or b: predicate_node
    always = 5,
    never = 6,
};

/// A longer list of choices, or a deeper tree of nodes, is taken for endless.
[[gnu::visibility("hidden")]] inline constexpr unsigned longest_list = 255;
[[gnu::visibility("hidden")]] inline constexpr unsigned deepest_tree = 128;

/// One node of a predicate. apply() evaluates a node once, and keeps the result in the node until apply() ends.
struct predicate_node {
    predicate_op op;
    uint8_t value;
    uint8_t reserved[2];
    table::memo memo; ///< of `value`
    reference a;
    reference b;
};

enum class form_kind : uint8_t {
    /// The bytes follow; `relative` has the offsets of the relative operands.
    plain = 1,
    /// The bytes follow twice, assembled one after the other. A relative operand is where the copies differ. (An
    /// assembler cannot say where in an instruction its operand lies; two copies can.)
    twice = 2,
    /// The bytes of a call through a pointer follow, then, aligned to four bytes, an `indirect_call`. Patched, it is a
    /// direct call of the pointer's target.
    indirect_call = 3,
};

[[gnu::visibility("hidden")]] inline constexpr uint8_t no_operand = 255;

/// One form of a site; `length` bytes follow the struct. A relative operand holds the distance as it is
/// from here: copying the bytes to a site adds the distance from the site to here.
struct form {
    uint8_t length;
    form_kind kind;
    uint8_t reserved[2];
    uint8_t relative[4]; ///< offsets in the bytes, `no_operand` where unused
};

/// The data for patching a call through a pointer.
struct indirect_call {
    reference pointer; ///< of the operation, which is called
    reference nothing; ///< the function that does nothing: its call becomes nops
    reference missing; ///< the function that is called in place of null
};

/// One way to go. A site's list starts with its last `when` and ends with the original.
struct choice {
    reference form;      ///< the form to write; none in the choices of a call
    reference predicate; ///< predicate_node; none: this is the original, take it
    reference otherwise; ///< the next choice; none: the end
    reference name;      ///< characters; none where the declaration has no name
    uint8_t length;      ///< the site's length: as long as its longest form
    uint8_t ordinal;     ///< position in the declaration, 0 is the original
    uint8_t reserved[2];
};

/// A site of an alternative.
struct alternative_record {
    reference site;
    reference choices; ///< choice
};

/// A named function pointer that its call sites bypass. `target` and `targets` hold plain pointers.
struct callee {
    reference name;       ///< characters
    reference trampoline; ///< the code that calls go through until they are patched
    reference target;     ///< the pointer that the trampoline jumps through
    reference targets;    ///< pointers by ordinal
    reference choices;    ///< choice
};

/// A call. The call instruction itself is the first one at or after `site` that goes to the trampoline. After the
/// search, the low two bits of `callee.target()` are `call_found` or `call_missed`.
struct call_record {
    reference site;
    reference callee; ///< table::callee, or table::named of a static call
};

[[gnu::visibility("hidden")]] inline constexpr address call_found = 1; ///< `site` is the instruction itself
[[gnu::visibility("hidden")]] inline constexpr address call_missed =
    2; ///< not found: the call goes through its trampoline

/// The kind of a static call's target.
enum class call_mode : uint8_t {
    function = 0, ///< the function in the cell
    nothing = 1,  ///< nothing: the call is a nop
    zero = 2,     ///< `return 0`
    hook =
        3, ///< the function in the cell; the trampoline calls it, and saves the registers: no site may call it itself
};

/// Whether the cell holds a user's function.
[[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] constexpr bool has_target(call_mode mode) noexcept {
    return mode == call_mode::function || mode == call_mode::hook;
}

struct named;
struct image;
struct shared;

/// The wanted value of a name.
struct setting {
    address value{};   ///< a key's value, or the function that a static call goes to
    int32_t enabled{}; ///< of a key: enable() calls that no disable() has answered
    call_mode mode{};  ///< of a static call
    uint8_t changed{}; ///< 1: no longer the value in the declaration
    uint8_t reserved[2]{};
};

/// The data of a cell in addition to its value.
struct cell_state {
    int32_t enabled{}; ///< these three as in `setting`
    call_mode mode{};
    uint8_t changed{};
    uint8_t mixed{}; ///< 1: this is the first of its name in the process, and not all others have its type
    uint8_t reserved{};
    uint32_t hash{};         ///< of the name, from the start (name_hash.hpp)
    uint32_t sites{};        ///< 1 + index of its first record, records being sorted by cell; 0: no site is patched
    const named* self{};     ///< null until the image's names are registered
    const named* below[3]{}; ///< those of smaller, and of greater or equal hash; the next one of the same name
    setting before{};        ///< the value before the last change, to go back to if it fails
    const named* under[3]{}; ///< as `below`, among the names of the whole process
    image* owner{};          ///< null until its image has joined the others of its process
};

/// The state of one declaration's key or static call in one image. Code reads only `value`.
struct cell {
    address value{};
    cell_state state{};
};

/// A key or a static call. In a process, one name is one thing: all cells of a name hold the same.
struct named {
    reference name;       ///< characters
    reference signature;  ///< characters: a mangled name (Itanium C++ ABI) that contains the type
    reference cell;       ///< table::cell
    reference trampoline; ///< of a static call; none: this is a key
};

/// A site of a key: one jump or nop. The low two bits of `key.target()` are a `key_shape`.
struct key_record {
    reference site;
    reference targets; ///< text: where it jumps unless it falls through; or a way_table
    reference key;     ///< table::named
};

[[gnu::visibility("hidden")]] inline constexpr address falls_through_if_true = 1; ///< else: if false
[[gnu::visibility("hidden")]] inline constexpr address many_ways = 2;             ///< `targets` refers to a way_table

/// Where a site of a switch goes: to way (value >> shift) - first. If that is none of the ways, no thread reaches the
/// site with this value, and its bytes stay. `count` references follow; a null reference is the way after the site.
struct way_table {
    uint8_t count;
    uint8_t first;
    uint8_t shift;
    uint8_t reserved;
};

/// A section in memory: where it begins, and its size in bytes.
template <class Record>
struct section {
    Record* records;
    size_t bytes;

    [[nodiscard, gnu::always_inline, gnu::visibility("hidden")]] size_t size() const noexcept {
        return bytes / sizeof(Record);
    }
};

/// How a program changes the text of an image while it runs (platform/linux.hpp). Addresses; whole pages.
struct spare_text {
    address begin;      ///< of the text
    address end;        ///< of the text
    address at;         ///< where the spare mapping of `begin` is; 0: none
    uint64_t* staged;   ///< a bit for each page: its new content is in the spare mapping
    size_t staged_size; ///< in bytes
    uint32_t way;       ///< one of platform::process::live_way
    uint32_t whole;     ///< 1: the text was one mapping
    uint32_t emptied;   ///< 1: in this change, the spare mapping has only the pages that were made ready
};

/// Mappings that a program gives up when a change meets the limit of their number, and its state about barriers.
struct reserve {
    address at;      ///< 0: none
    size_t size;     ///< in bytes
    uint8_t* buffer; ///< for one page
    size_t buffer_size;
    uint32_t barrier; ///< 0: not asked yet, 1: membarrier(2) may be called, 2: it may not
};

/// In registry::complete: the sites are patched, and the first change registers the names.
[[gnu::visibility("hidden")]] inline constexpr uint32_t registry_applied = 2;
/// In registry::complete: some name of the image is not in order. A change looks at its own name then.
[[gnu::visibility("hidden")]] inline constexpr uint32_t registry_malformed = 4;

/// The registered names of an image, and the targets of its trampolines that have nothing to do. Each image has its own
/// functions for this, since another image may go away.
struct registry {
    const named* root; ///< a tree by hash
    uint32_t complete; ///< 1: it has all names that are in order; registry_applied; registry_malformed
    uint32_t joined;   ///< 1: it knows the other images of its process; 2: it has left them
    // Of a program's images; null in a kernel.
    table::shared* shared; ///< the data that they share
    image* next;           ///< the image that joined before this one
    const void* headers;   ///< program headers
    address base;          ///< the distance to add to their addresses
    uint32_t count;        ///< of program headers
    uint32_t forks;        ///< 1: the handlers for fork() are registered
    uint32_t applied;      ///< number of the last apply()
    spare_text spare;
    void (*nothing)() noexcept;   ///< does nothing
    uintptr_t (*zero)() noexcept; ///< returns zero
};

/// The tables of one image (a program, a kernel, or a shared library).
struct tables {
    section<const alternative_record> alternatives{};
    section<call_record> calls{};
    section<key_record> keys{};
    section<const named> names{};
    table::registry* registry{}; ///< null: no names
};

/// The version of everything that images tell each other: this file.
[[gnu::visibility("hidden")]] inline constexpr uint32_t version = INLAY_TABLE_VERSION;

/// The first bytes of each `image`: a tool may have moved the note that leads to it.
[[gnu::visibility("hidden")]] inline constexpr char mark[8] = {'i', 'n', 'l',  'a',
                                                               'y', ' ', '\0', static_cast<char>(version)};

/// The data of an image's ELF note (name "inlay", type `version`): two distances in bytes, each from itself. One gives
/// the place of the `image`; both give its place within the loaded file, even if a tool moved the note.
struct note {
    int32_t image;
    int32_t elf_header;
};

/// The data that an image shows to others in the process.
struct image {
    char mark[8];
    const alternative_record* alternatives[2]; ///< begin, end
    call_record* calls[2];
    key_record* keys[2];
    const named* names[2];
    table::registry registry;
};

static_assert(sizeof(alternative_record) == 8 && sizeof(call_record) == 8 && sizeof(key_record) == 12);
static_assert(sizeof(named) == 16 && sizeof(way_table) == 4 && sizeof(cell) % sizeof(address) == 0);
static_assert(sizeof(predicate_node) == 16 && sizeof(form) == 8 && sizeof(choice) == 20);
static_assert(sizeof(indirect_call) == 12);
static_assert(sizeof(feature_record) == 28 && sizeof(feature_cell) == 12);

} // namespace table
} // namespace inlay
