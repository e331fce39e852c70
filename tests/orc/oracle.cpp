// SPDX-License-Identifier: BSL-1.0
//
// Steps through a program, instruction by instruction, and compares the callers that inlay/unwind.hpp finds with the truth.
//
//     oracle PROGRAM [signed]      x86-64, i386: by ptrace(2); AArch64: under qemu-aarch64, by its stub of gdb (stepped.hpp)
//
// How it works. The truth is a second stack. Each call adds its return address, and the registers that the caller will
// have then; each return takes them away. At every instruction, the whole stack is unwound by the table. The oracle
// notes which instructions of which form of which site it has seen, and fails if one was never met.
#include <inlay/check/program.hpp>
#include <inlay/unwind.hpp>

#include "stepped.hpp"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <set>
#include <tuple>
#include <vector>

namespace {

using inlay::check::flow;
using inlay::unwind::frame;

struct truth {
    std::uint64_t pc, sp, fp;
};

/// A reader that takes signatures off. qemu-aarch64 gives programs addresses of 48 bits.
template <class Read>
struct stripping {
    Read read;
    [[nodiscard]] bool operator()(std::uint64_t at, std::uint64_t& to) const noexcept { return read(at, to); }
    [[nodiscard]] static std::uint64_t strip(std::uint64_t at) noexcept { return at & 0xffff'ffff'ffffU; }
};
template <class Read>
stripping(Read) -> stripping<Read>;

template <class Program>
class oracle {
public:
    /// `strips`: signatures of return addresses are taken off.
    oracle(const char* path, bool strips) : program_{path}, stepped_{path}, strips_{strips} {
        for (const auto& each : program_.sections()) {
            if (each.name == "inlay_unwind") {
                table_at_ = each.address;
                const auto* const bytes = program_.bytes(each.address, each.size);
                table_.resize(each.size / 8);
                std::memcpy(table_.data(), bytes, each.size / 8 * 8);
            }
        }
    }

    int run() {
        bool stepping = false;
        int signal = 0;
        for (;;) {
            const stop at = stepped_.go(stepping, signal);
            if (at.ended) {
                return finish(at.number);
            }
            signal = at.number;
            if (signal != 0) {
                continue;
            }
            now_ = stepped_.now();
            if (at.marker) { // the oracle does not know the earlier callers
                stepping = !stepping;
                shadow_.clear();
                pending_call_ = 0;
                pending_return_ = false;
            }
            if (stepping) {
                follow();
                inspect();
                last_ = now_;
            }
        }
    }

private:
    [[nodiscard]] std::uint64_t word_size() const { return program_.machine() == inlay::check::machine::i386 ? 4 : 8; }
    [[nodiscard]] bool word(std::uint64_t at, std::uint64_t& to) {
        to = 0;
        return stepped_.read(at, reinterpret_cast<std::uint8_t*>(&to), word_size()) == word_size();
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes(std::uint64_t at, std::size_t size) {
        std::vector<std::uint8_t> result(size);
        result.resize(stepped_.read(at, result.data(), size));
        return result;
    }

    /// Whether the last instruction, a call, has called. (AArch64 has no other one that sets the link register so.)
    [[nodiscard]] bool has_called() const {
        return program_.machine() == inlay::check::machine::aarch64 ? now_.link == pending_call_
                                                                    : now_.sp == last_.sp - word_size();
    }

    /// Brings the truth up to date, after the last instruction.
    void follow() {
        if (pending_call_ != 0 && has_called()) {
            shadow_.push_back({pending_call_, last_.sp, last_.fp});
        } else if (pending_return_ && !shadow_.empty() && now_.pc == shadow_.back().pc) {
            shadow_.pop_back();
        }
        const bool aarch64 = program_.machine() == inlay::check::machine::aarch64;
        const auto code = bytes(now_.pc, aarch64 ? 4 : 16);
        const auto next = program_.decode()(code.data(), code.size(), now_.pc);
        const bool call = next.flow == flow::call || next.flow == flow::indirect_call;
        pending_call_ = call ? now_.pc + next.length : 0;
        pending_return_ = next.flow == flow::returns;
    }

    /// Unwinds from here, and compares.
    void inspect() {
        note_site();
        frame at{now_.pc, now_.sp, now_.fp, now_.link, true};
        for (std::size_t i = shadow_.size(); i-- > 0;) {
            if (!in_program(at.pc)) {
                return;
            }
            const std::uint64_t asked = at.exact ? at.pc : at.pc - 1;
            const auto* const header = reinterpret_cast<const inlay::unwind::table_header*>(table_.data());
            const auto* const by =
                inlay::unwind::find(*header, asked - table_at_ + reinterpret_cast<std::uint64_t>(header));
            const truth& wanted = shadow_[i];
            const bool found =
                by != nullptr &&
                (strips_ ? inlay::unwind::step(*by, at,
                                               stripping{[&](auto from, auto& to) noexcept { return word(from, to); }})
                         : inlay::unwind::step(*by, at, [&](auto from, auto& to) noexcept { return word(from, to); }));
            ++compared_;
            if (!found || at.pc != wanted.pc || at.sp != wanted.sp || at.fp != wanted.fp) {
                if (++wrong_ <= 10) {
                    std::printf("at %s, frame %zu (asked for %s): the caller is %s, sp %llx, fp %llx; found: %s %s, sp "
                                "%llx, fp %llx\n",
                                program_.describe(now_.pc).c_str(), shadow_.size() - 1 - i,
                                program_.describe(asked).c_str(), program_.describe(wanted.pc).c_str(),
                                static_cast<unsigned long long>(wanted.sp), static_cast<unsigned long long>(wanted.fp),
                                found ? "" : "nothing;", program_.describe(at.pc).c_str(),
                                static_cast<unsigned long long>(at.sp), static_cast<unsigned long long>(at.fp));
                }
                return;
            }
        }
    }

    [[nodiscard]] bool in_program(std::uint64_t at) const { return program_.executable(at, 1); }

    /// Notes which form of which site is being executed.
    void note_site() {
        const auto& sites = program_.sites();
        for (std::size_t i = 0; i < sites.size(); ++i) {
            const std::uint64_t offset = now_.pc - sites[i].at;
            if (offset < sites[i].length) {
                seen_.insert({i, bytes(sites[i].at, sites[i].length), offset});
            }
        }
    }

    /// Compares the instructions that were seen with those that exist: every one, in every form of the alternatives.
    [[nodiscard]] int finish(int status) {
        std::size_t missed = 0;
        std::size_t all = 0;
        const auto& sites = program_.sites();
        for (std::size_t i = 0; i < sites.size(); ++i) {
            for (const auto& form : sites[i].forms) {
                if (sites[i].kind != inlay::check::site_kind::alternative) {
                    continue;
                }
                const auto code = form.bytes();
                for (std::size_t at = 0; at < code.size();) {
                    const auto next = program_.decode()(code.data() + at, code.size() - at, sites[i].at + at);
                    ++all;
                    if (!seen_.contains({i, {code.begin(), code.end()}, at})) {
                        ++missed;
                        std::printf("not met: %s, byte %zu of a form of the site at %s\n",
                                    program_.describe(sites[i].at + at).c_str(), at,
                                    program_.describe(sites[i].at).c_str());
                    }
                    if (next.length == 0 || next.flow == flow::jump) {
                        break;
                    }
                    at += next.length;
                }
            }
        }
        std::printf("orc: %zu callers compared, %zu wrong; %zu of %zu instructions of forms met; status %d\n",
                    compared_, wrong_, all - missed, all, status);
        return wrong_ == 0 && missed == 0 && status == 0 && compared_ > 500 ? 0 : 1;
    }

    inlay::check::program program_;
    Program stepped_;
    bool strips_;
    std::uint64_t table_at_{};
    std::vector<std::uint64_t> table_{};
    registers now_{};
    registers last_{};
    std::uint64_t pending_call_{};
    bool pending_return_{};
    std::vector<truth> shadow_{};
    std::set<std::tuple<std::size_t, std::vector<std::uint8_t>, std::uint64_t>> seen_{};
    std::size_t compared_{};
    std::size_t wrong_{};
};

} // namespace

int main(int count, char** arguments) {
    try {
        const char* const path = arguments[1];
        const bool strips = count < 3; // a third word: signatures stay
        return inlay::report::elf_file{path}.machine() == EM_AARCH64 ? oracle<emulated_program>{path, strips}.run()
                                                                     : oracle<native_program>{path, strips}.run();
    } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        return 1;
    }
}
