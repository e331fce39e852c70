// SPDX-License-Identifier: BSL-1.0
//
// own_kernel: the declarations of a kernel before it includes inlay. It has macros as in Linux, Xen and FreeBSD,
// integer types, and a namespace std that is not the library's.
#pragma once

#ifdef __clang__
#pragma clang diagnostic ignored "-Wkeyword-macro"
#pragma clang diagnostic ignored "-Wbuiltin-macro-redefined"
#endif

#define NULL 0L
#define BIT(n) (1UL << (n))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define swap(a, b) own_swap(&(a), &(b))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define inline inline __attribute__((__always_inline__))
#define noinline __attribute__((__noinline__))
#define always_inline inline __attribute__((__gnu_inline__))
#define __always_inline inline
#define noreturn __attribute__((__noreturn__))
#define fallthrough __attribute__((__fallthrough__))
#define packed __attribute__((__packed__))
#define aligned(n) __attribute__((__aligned__(n)))
#define section(name) __attribute__((__section__(name)))
#define used __attribute__((__used__))
#define cold __attribute__((__cold__))
#define visibility(what) __attribute__((__visibility__(what)))
#define offsetof(type, member) __builtin_offsetof(type, member)
#define bool _Bool
#define true 1
#define false 0
#define asm __asm__ volatile
#define register
#define private public
#define cpu (own_cpus[0])
#define current (own_current())
#define barrier() __asm__ volatile("" : : : "memory")
#define mb() barrier()
#define nop() __asm__ volatile("nop")
#define pause() nop()
#define hlt() __asm__ volatile("hlt")
#define isb() __asm__ volatile("isb")
#define dmb(domain) __asm__ volatile("dmb " #domain)
#define rdmsr(number, low, high) own_rdmsr(number, &(low), &(high))
#define wrmsr(number, low, high) own_wrmsr(number, low, high)
#define read(file) own_read(file)
#define write(file, text) own_write(file, text)
#define major(device) ((device) >> 8)
#define minor(device) ((device) & 0xffU)
#define end (&own_end)
#define begin (&own_begin)
#define alternative(before, after, feature) own_alternative(before, after, feature)
#define static_call(name) own_static_call_##name
#define set(bits, one) ((bits) |= (one))
#define far
#define code own_code

using uint8_t = unsigned char;
using uint32_t = unsigned;
using uint64_t = unsigned long long; // GCC's is unsigned long where that has 64 bits
using size_t = decltype(sizeof 0);

namespace std {

using size_t = ::size_t;
enum class byte : unsigned char {};
struct nothrow_t {};
template <class A, class B>
struct is_same {
    static constexpr int value = 0;
};
template <class A, class B>
concept same_as = is_same<A, B>::value == 0;
template <class Type>
Type* move(Type* to) {
    return to;
}
template <class Type>
Type* forward(Type* to) {
    return to;
}
template <class Type>
class initializer_list { // as the compiler wants it
    const Type* first_;
    size_t size_;

public:
    constexpr initializer_list() noexcept : first_(nullptr), size_(0) {}
};

} // namespace std
