// SPDX-License-Identifier: BSL-1.0
//
// stepped: a program that the oracle executes instruction by instruction: of this machine, by ptrace(2), or of AArch64
// under qemu-aarch64, by its stub of gdb.
//
// Both have the same functions. A marker (int3, brk #0) begins and ends the stepped part of the program.
#pragma once

#include <inlay/check/remote.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct registers {
    std::uint64_t pc, sp, fp, link;
};

struct stop {
    bool ended{};
    int number{};  ///< the exit status; else a signal that is the program's own, or 0
    bool marker{}; ///< it stands after a marker
};

/// A program of this machine, of 64 or 32 bits.
class native_program {
public:
    explicit native_program(const char* path) {
        child_ = ::fork();
        if (child_ == 0) {
            ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            ::execl(path, path, nullptr);
            ::_exit(127);
        }
        int status = 0;
        ::waitpid(child_, &status, 0); // the exec
    }

    [[nodiscard]] stop go(bool step, int signal) {
        const std::uint64_t before = step ? now().pc : 0;
        ::ptrace(step ? PTRACE_SINGLESTEP : PTRACE_CONT, child_, nullptr, signal);
        int status = 0;
        ::waitpid(child_, &status, 0);
        if (!WIFSTOPPED(status)) {
            return {.ended = true, .number = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
        }
        if (WSTOPSIG(status) != SIGTRAP) {
            return {.number = WSTOPSIG(status)};
        }
        const std::uint64_t pc = now().pc;
        std::uint8_t last = 0;
        return {.marker = read(pc - 1, &last, 1) == 1 && last == 0xcc && (!step || before == pc - 1)};
    }
    [[nodiscard]] registers now() const {
        user_regs_struct all{};
        ::ptrace(PTRACE_GETREGS, child_, nullptr, &all);
        return {all.rip, all.rsp, all.rbp, 0};
    }
    [[nodiscard]] std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) const {
        for (std::size_t done = 0; done < size; done += sizeof(long)) {
            errno = 0;
            // NOLINTNEXTLINE(performance-no-int-to-ptr)
            const long word = ::ptrace(PTRACE_PEEKDATA, child_, reinterpret_cast<void*>(at + done), nullptr);
            if (errno != 0) {
                return done;
            }
            std::memcpy(to + done, &word, std::min(sizeof word, size - done));
        }
        return size;
    }

private:
    pid_t child_{};
};

/// A program of AArch64.
class [[gnu::visibility("hidden")]] emulated_program {
public:
    explicit emulated_program(const char* path) {
        const std::string socket = std::string{path} + ".gdb";
        ::unlink(socket.c_str());
        child_ = ::fork();
        if (child_ == 0) {
            ::execlp("qemu-aarch64", "qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu", "-g",
                     socket.c_str(), path, nullptr);
            ::_exit(127);
        }
        for (int tries = 0; stub_ == nullptr && tries < 300; ++tries) { // until QEMU listens
            try {
                stub_ = std::make_unique<inlay::check::gdb_stub>(socket);
            } catch (const inlay::report::file_error& error) {
                if (tries == 299) {
                    throw;
                }
                std::this_thread::sleep_for(std::chrono::milliseconds{100});
            }
        }
    }
    emulated_program(const emulated_program&) = delete;
    emulated_program(emulated_program&&) = delete;
    emulated_program& operator=(const emulated_program&) = delete;
    emulated_program& operator=(emulated_program&&) = delete;
    ~emulated_program() {
        stub_.reset();
        ::waitpid(child_, nullptr, 0);
    }

    [[nodiscard]] stop go(bool step, int signal) {
        const auto event = step ? stub_->step() : stub_->go(signal);
        if (event.what == inlay::check::gdb_stub::event::ended) {
            return {.ended = true, .number = event.number};
        }
        if (event.number != SIGTRAP) {
            return {.number = event.number};
        }
        const std::uint64_t pc = now().pc;
        std::uint32_t word = 0;
        if (read(pc, reinterpret_cast<std::uint8_t*>(&word), sizeof word) == sizeof word && word == 0xd4200000U) {
            auto all = stub_->registers(); // brk stays before itself
            const std::uint64_t next = pc + 4;
            std::memcpy(all.data() + pc_at, &next, sizeof next);
            if (!stub_->set_registers(all)) {
                throw std::runtime_error{"the stub sets no registers"};
            }
            return {.marker = true};
        }
        return {};
    }
    [[nodiscard]] registers now() const {
        const auto all = stub_->registers(); // x0 to x30, sp, pc
        const auto number = [&](std::size_t i) {
            std::uint64_t value = 0;
            if (all.size() >= (i + 1) * sizeof value) {
                std::memcpy(&value, all.data() + i * sizeof value, sizeof value);
            }
            return value;
        };
        return {number(32), number(31), number(29), number(30)};
    }
    [[nodiscard]] std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) const {
        return stub_->read(at, to, size);
    }

private:
    static constexpr std::size_t pc_at = std::size_t{32} * 8;

    pid_t child_{};
    std::unique_ptr<inlay::check::gdb_stub> stub_{};
};
