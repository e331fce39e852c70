// SPDX-License-Identifier: BSL-1.0
//
// memory: the memory of a process, of a core file, or of a machine under QEMU, and the files that are mapped in it.
//
//     inlay::check::process_memory memory{1234};             // throws report::file_error
//     memory.read(address, buffer, size);                    // how many bytes from there on it has
//     for (const auto& each : memory.mappings()) ...
//
// How it works. A process: /proc/PID/maps and /proc/PID/mem, which ptrace's rules guard (ptrace(2)). A core file: its
// segments, and the note NT_FILE, which lists the files that were mapped. The kernel leaves unchanged file pages out
// of it. A machine: the stub of gdb that holds it (remote.hpp), at the addresses of the kernel's file.
#pragma once

#include "inlay/check/remote.hpp"
#include "inlay/report/elf.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// A mapping: [begin, end).
struct mapping {
    std::uint64_t begin{}, end{};
    std::uint64_t offset{}; ///< in the file
    bool executable{};
    std::string path{};   ///< as the process names it; "[vdso]"; empty: of no file
    std::string opened{}; ///< the path by which this process opens the same file
};

class memory_source {
public:
    memory_source() = default;
    memory_source(const memory_source&) = delete;
    memory_source(memory_source&&) = delete;
    memory_source& operator=(const memory_source&) = delete;
    memory_source& operator=(memory_source&&) = delete;
    virtual ~memory_source() = default;

    /// Reads up to `size` bytes, and returns how many it could read.
    [[nodiscard]] virtual std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) const = 0;
    /// "process 1234", as messages name it.
    [[nodiscard]] virtual std::string name() const = 0;
    /// The likely origin of a breakpoint, in words; empty if unknown.
    [[nodiscard]] virtual std::string suspect() const { return {}; }
    /// Whether bytes that cannot be read are those of the file.
    [[nodiscard]] virtual bool leaves_out_unchanged() const { return false; }
    /// Whether it changes while it is read.
    [[nodiscard]] virtual bool runs() const { return false; }

    [[nodiscard]] const std::vector<mapping>& mappings() const noexcept { return mappings_; }

protected:
    std::vector<mapping> mappings_{}; // NOLINT(*-non-private-member-variables-in-classes)
};

/// A process of this machine.
class process_memory final : public memory_source {
public:
    explicit process_memory(std::uint64_t pid) : pid_{std::to_string(pid)}, proc_{"/proc/" + pid_ + '/'} {
        memory_ = ::open((proc_ + "mem").c_str(), O_RDONLY | O_CLOEXEC);
        std::ifstream maps{proc_ + "maps"};
        if (memory_ < 0 || !maps) {
            const bool there = std::filesystem::exists("/proc/" + pid_);
            throw report::file_error{"inlay: process " + pid_ + ": " +
                                     (there ? "its memory cannot be read: " + std::string{std::strerror(errno)}
                                            : "there is no such process")};
        }
        for (std::string line; std::getline(maps, line);) {
            add(line);
        }
    }
    process_memory(const process_memory&) = delete;
    process_memory(process_memory&&) = delete;
    process_memory& operator=(const process_memory&) = delete;
    process_memory& operator=(process_memory&&) = delete;
    ~process_memory() override {
        if (memory_ >= 0) {
            ::close(memory_);
        }
    }

    [[nodiscard]] std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) const override {
        std::size_t done = 0;
        while (done < size) {
            const auto now = ::pread(memory_, to + done, size - done, static_cast<off_t>(at + done));
            if (now <= 0) {
                break;
            }
            done += static_cast<std::size_t>(now);
        }
        return done;
    }
    [[nodiscard]] std::string name() const override { return "process " + pid_; }
    [[nodiscard]] bool runs() const override { return true; }

    [[nodiscard]] std::string suspect() const override {
        std::ifstream status{proc_ + "status"};
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("TracerPid:") && line.find_first_of("123456789") != std::string::npos) {
                return "process " + line.substr(line.find_first_of("123456789")) + " debugs it";
            }
        }
        const bool probed = std::any_of(mappings_.begin(), mappings_.end(),
                                        [](const mapping& each) { return each.path == "[uprobes]"; });
        return probed ? "a uprobe has run in it" : "no process debugs it: a uprobe, or a debugger that has gone";
    }

private:
    /// A line of proc_pid_maps(5).
    void add(const std::string& line) {
        std::istringstream from{line};
        mapping one;
        char dash = 0;
        std::string rights;
        std::string device;
        std::uint64_t inode = 0;
        from >> std::hex >> one.begin >> dash >> one.end >> rights >> one.offset >> device >> std::dec >> inode;
        std::getline(from >> std::ws, one.path);
        one.executable = rights.size() > 2 && rights[2] == 'x';
        if (one.path.starts_with('/')) {
            one.opened = opened(one, device, inode, line.substr(0, line.find(' ')));
        }
        mappings_.push_back(std::move(one));
    }

    /// The path, if it still is that file; else the link that the kernel keeps, or nothing.
    [[nodiscard]] std::string opened(const mapping& of, const std::string& device, std::uint64_t inode,
                                     const std::string& range) const {
        const std::string outside = proc_ + "root" + of.path;
        struct stat is{};
        if (::stat(outside.c_str(), &is) == 0 && is.st_ino == inode && is_device(device, is.st_dev)) {
            return outside;
        }
        const std::string kept = proc_ + "map_files/" + range;
        return ::stat(kept.c_str(), &is) == 0 ? kept : "";
    }

    /// Some file systems show another device in stat(2) than in maps; then the inode's number decides.
    [[nodiscard]] static bool is_device(const std::string& text, dev_t device) {
        const auto colon = text.find(':');
        if (colon == std::string::npos || text.starts_with("00:")) {
            return true;
        }
        return std::stoul(text.substr(0, colon), nullptr, 16) == major(device) &&
               std::stoul(text.substr(colon + 1), nullptr, 16) == minor(device);
    }

    std::string pid_;
    std::string proc_;
    int memory_{-1};
};

/// A core file, as the kernel or gdb writes it.
class core_memory final : public memory_source {
public:
    explicit core_memory(const std::string& path) : file_{path} {
        if (file_.type() != ET_CORE) {
            file_.fail("it is no core file");
        }
        for (const auto& each : file_.segments()) {
            if (each.type == PT_NOTE) {
                read_notes(each.offset, each.file_size);
            }
        }
        if (mappings_.empty()) {
            file_.fail("it does not say which files were mapped (note NT_FILE)");
        }
    }

    [[nodiscard]] std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) const override {
        std::size_t done = 0;
        while (done < size) {
            const std::uint64_t here = at + done;
            const auto& all = file_.segments();
            const auto in = std::find_if(all.begin(), all.end(), [&](const report::elf_segment& each) {
                return each.type == PT_LOAD && here - each.address < each.file_size;
            });
            if (in == all.end()) {
                break;
            }
            const std::uint64_t offset = here - in->address;
            const std::size_t now = std::min<std::size_t>(size - done, in->file_size - offset);
            std::memcpy(to + done, file_.bytes(in->offset + offset, now, "memory"), now);
            done += now;
        }
        return done;
    }
    [[nodiscard]] std::string name() const override { return "core file " + file_.path(); }
    [[nodiscard]] bool leaves_out_unchanged() const override { return true; }

private:
    void read_notes(std::uint64_t offset, std::uint64_t size) {
        const char* const notes = file_.bytes(offset, size, "a segment of notes");
        for (std::uint64_t at = 0; at + 12 <= size;) {
            std::uint32_t head[3]; // NOLINT(*-avoid-c-arrays): sizes of the name, of the rest; the type
            std::memcpy(head, notes + at, sizeof head);
            const std::uint64_t rest = at + 12 + (std::uint64_t{head[0]} + 3) / 4 * 4;
            if (rest + head[1] > size) {
                return;
            }
            if (head[2] == NT_FILE && head[0] == 5 && std::memcmp(notes + at + 12, "CORE", 5) == 0) {
                read_files(notes + rest, head[1]);
            }
            at = rest + (std::uint64_t{head[1]} + 3) / 4 * 4;
        }
    }

    /// NT_FILE: the number of mappings, the size of a page, begin, end and page of each, then the paths.
    void read_files(const char* from, std::uint64_t size) {
        const std::size_t word = file_.is_64_bit() ? 8 : 4;
        const auto number = [&](std::uint64_t index) {
            std::uint64_t value = 0;
            std::memcpy(&value, from + index * word, word);
            return value;
        };
        const std::uint64_t count = size >= 2 * word ? number(0) : 0;
        if (count > size / (3 * word)) {
            file_.fail("it is damaged: its note NT_FILE is shorter than it says");
        }
        const char* path = from + (2 + 3 * count) * word;
        for (std::uint64_t i = 0; i < count && path < from + size; ++i) {
            mapping one{.begin = number(2 + 3 * i), .end = number(3 + 3 * i), .offset = number(4 + 3 * i) * number(1)};
            one.path.assign(path, ::strnlen(path, static_cast<std::size_t>(from + size - path)));
            path += one.path.size() + 1;
            one.opened = one.path;
            one.executable = is_executable(one.begin);
            mappings_.push_back(std::move(one));
        }
    }

    [[nodiscard]] bool is_executable(std::uint64_t at) const {
        const auto& all = file_.segments();
        return std::any_of(all.begin(), all.end(), [&](const report::elf_segment& each) {
            return each.type == PT_LOAD && at - each.address < each.memory_size && (each.flags & PF_X) != 0;
        });
    }

    report::elf_file file_;
};

/// The memory of a kernel or static program, by the stub of gdb that holds it: QEMU's -gdb and -g, gdbserver. A kernel
/// runs at the addresses of its file.
class stub_memory final : public memory_source {
public:
    stub_memory(const std::string& stub, const std::string& path) : stub_{stub} {
        const report::elf_file file{path};
        const std::uint64_t bias = stub_.text_offset();
        std::uint8_t byte = 0;
        for (const auto& each : file.segments()) {
            if (each.type != PT_LOAD || each.memory_size == 0) {
                continue;
            }
            const bool executable = (each.flags & PF_X) != 0;
            mappings_.push_back({.begin = bias + each.address,
                                 .end = bias + each.address + each.memory_size,
                                 .offset = each.offset,
                                 .executable = executable,
                                 .path = path,
                                 .opened = path});
            if (executable && each.file_size != 0 && stub_.read(bias + each.address, &byte, 1) == 0) {
                throw report::file_error{"inlay: " + name() + " has no memory at " +
                                         report::detail::hex(bias + each.address) + ", where " + path +
                                         " has text: is it this file, and has it set up its page tables?"};
            }
        }
    }

    [[nodiscard]] std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) const override {
        return stub_.read(at, to, size);
    }
    [[nodiscard]] std::string name() const override { return "the machine at " + stub_.place(); }

private:
    mutable gdb_stub stub_; ///< reading changes the state of the line alone
};

} // namespace check
} // namespace inlay
