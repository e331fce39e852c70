// SPDX-License-Identifier: BSL-1.0
//
// Steps through a program, instruction by instruction, and compares the callers that inlay/unwind.hpp finds with the truth.
//
// How it works. The truth is a second stack. Each call adds its return address, and the registers that the caller will
// have then; each return takes them away. At every instruction, the whole stack is unwound by the table. The oracle
// notes which instructions of which form of which site it has seen, and fails if one was never met.
#include <inlay/check/program.hpp>
#include <inlay/unwind.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <tuple>
#include <vector>

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using inlay::check::flow;
using inlay::unwind::frame;

struct truth {
    std::uint64_t pc, sp, fp;
};

class oracle {
public:
    explicit oracle(const char* path) : path_{path}, program_{path} {
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
        child_ = ::fork();
        if (child_ == 0) {
            ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            ::execl(path_, path_, nullptr);
            ::_exit(127);
        }
        int status = 0;
        bool stepping = false;
        ::waitpid(child_, &status, 0); // the exec
        for (bool first = true;; first = false) {
            if (!first) {
                ::waitpid(child_, &status, 0);
            }
            if (WIFEXITED(status)) {
                break;
            }
            if (!WIFSTOPPED(status)) {
                std::puts("the program has ended by a signal");
                return 1;
            }
            const int signal = first || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
            if (!first && signal == 0) {
                registers();
                // int3 begins and ends the stepped part; the oracle does not know the earlier callers.
                if (byte(now_.rip - 1) == 0xcc && (!stepping || last_.rip == now_.rip - 1)) {
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
            ::ptrace(stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, child_, nullptr, signal);
        }
        return finish(WEXITSTATUS(status));
    }

private:
    void registers() { ::ptrace(PTRACE_GETREGS, child_, nullptr, &now_); }

    [[nodiscard]] bool word(std::uint64_t at, std::uint64_t& to) const {
        errno = 0;
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        to = static_cast<std::uint64_t>(::ptrace(PTRACE_PEEKDATA, child_, reinterpret_cast<void*>(at), nullptr));
        return errno == 0;
    }
    [[nodiscard]] std::uint8_t byte(std::uint64_t at) const {
        std::uint64_t all = 0;
        return word(at, all) ? static_cast<std::uint8_t>(all) : std::uint8_t{};
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes(std::uint64_t at, std::size_t size) const {
        std::vector<std::uint8_t> result(size);
        for (std::size_t i = 0; i < size; ++i) {
            result[i] = byte(at + i);
        }
        return result;
    }

    /// Brings the truth up to date, after the last instruction.
    void follow() {
        if (pending_call_ != 0 && now_.rsp == last_.rsp - 8) {
            shadow_.push_back({pending_call_, last_.rsp, last_.rbp});
        } else if (pending_return_ && !shadow_.empty() && now_.rip == shadow_.back().pc) {
            shadow_.pop_back();
        }
        const auto code = bytes(now_.rip, 16);
        const auto next = program_.decode()(code.data(), code.size(), now_.rip);
        const bool call = next.flow == flow::call || next.flow == flow::indirect_call;
        pending_call_ = call ? now_.rip + next.length : 0;
        pending_return_ = next.flow == flow::returns;
    }

    /// Unwinds from here, and compares.
    void inspect() {
        note_site();
        frame at{now_.rip, now_.rsp, now_.rbp, 0, true};
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
                by != nullptr && inlay::unwind::step(*by, at, [&](std::uint64_t from, std::uint64_t& to) noexcept {
                    return word(from, to);
                });
            ++compared_;
            if (!found || at.pc != wanted.pc || at.sp != wanted.sp || at.fp != wanted.fp) {
                if (++wrong_ <= 10) {
                    std::printf("at %s, frame %zu (asked for %s): the caller is %s, sp %llx, fp %llx; found: %s %s, sp "
                                "%llx, fp %llx\n",
                                program_.describe(now_.rip).c_str(), shadow_.size() - 1 - i,
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
            const std::uint64_t offset = now_.rip - sites[i].at;
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

    const char* path_;
    inlay::check::program program_;
    std::uint64_t table_at_{};
    std::vector<std::uint64_t> table_{};
    pid_t child_{};
    user_regs_struct now_{};
    user_regs_struct last_{};
    std::uint64_t pending_call_{};
    bool pending_return_{};
    std::vector<truth> shadow_{};
    std::set<std::tuple<std::size_t, std::vector<std::uint8_t>, std::uint64_t>> seen_{};
    std::size_t compared_{};
    std::size_t wrong_{};
};

} // namespace

int main(int /*count*/, char** arguments) { return oracle{arguments[1]}.run(); }
