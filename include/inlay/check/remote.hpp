// SPDX-License-Identifier: BSL-1.0
//
// remote: a program or machine that a stub of gdb holds: QEMU's -gdb (a machine) and -g (a program), and gdbserver.
//
//     inlay::check::gdb_stub stub{"localhost:1234"};         // or a socket's path; throws report::file_error
//     stub.read(address, buffer, size);                      // how many bytes from there on it has
//     if (stub.step().what == gdb_stub::event::stopped) ... stub.registers() ...
//
// How it works. The remote protocol (gdb's manual, appendix E): a packet is $DATA#SUM, and each side acknowledges it by
// "+". The stub stops the program or machine when somebody connects; the end of this object lets it go on.
#pragma once

#include "inlay/report/elf.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// Not thread-safe. Each call waits for the stub's answer, at most two minutes; without one, it throws
/// report::file_error.
class gdb_stub {
public:
    /// What has happened since the program was let go.
    struct event {
        enum kind : std::uint8_t { stopped, ended };
        kind what{stopped};
        int number{}; ///< the signal that has stopped it, or its exit status
    };

    /// `place`: HOST:PORT, :PORT, or the path of a socket; also with "tcp:" or "unix:" before it, as QEMU takes it.
    explicit gdb_stub(std::string place) : place_{std::move(place)} {
        const bool path = place_.starts_with("unix:") || place_.find('/') != std::string::npos;
        line_ = path ? connect_path(std::string{without(place_, "unix:")}) : connect_port(without(place_, "tcp:"));
        if (line_ < 0) {
            throw report::file_error{"inlay: " + place_ + ": no stub of gdb answers there: " + std::strerror(errno)};
        }
        const timeval limit{120, 0};
        (void)::setsockopt(line_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        (void)ask("?");
    }
    gdb_stub(const gdb_stub&) = delete;
    gdb_stub(gdb_stub&&) = delete;
    gdb_stub& operator=(const gdb_stub&) = delete;
    gdb_stub& operator=(gdb_stub&&) = delete;
    ~gdb_stub() {
        try {
            if (!ended_) {
                (void)ask("D");
            }
        } catch (const std::exception&) { // it has gone by itself
            ended_ = true;
        }
        ::close(line_);
    }

    [[nodiscard]] const std::string& place() const noexcept { return place_; }

    /// Reads up to `size` bytes, and returns how many it could read.
    [[nodiscard]] std::size_t read(std::uint64_t at, std::uint8_t* to, std::size_t size) {
        std::size_t done = 0;
        while (done < size) {
            const std::uint64_t here = at + done;
            const std::size_t wanted = std::min({size - done, most, page - static_cast<std::size_t>(here % page)});
            const auto bytes = bytes_of(ask("m" + hex(here) + ',' + hex(wanted)));
            std::copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), wanted)),
                      to + done);
            done += std::min(bytes.size(), wanted);
            if (bytes.size() < wanted) {
                break;
            }
        }
        return done;
    }

    /// The general registers, one after the other, in the order and sizes of the architecture.
    [[nodiscard]] std::vector<std::uint8_t> registers() { return bytes_of(ask("g")); }
    /// Sets all of them. False if the stub refuses.
    [[nodiscard]] bool set_registers(const std::vector<std::uint8_t>& values) {
        std::string text = "G";
        for (const std::uint8_t each : values) {
            text += digits[each >> 4];
            text += digits[each & 15U];
        }
        return ask(text) == "OK";
    }

    /// Executes one instruction.
    [[nodiscard]] event step() { return event_of(ask("s")); }
    /// Lets the program run until it stops, with a signal or without (0).
    [[nodiscard]] event go(int signal = 0) {
        return event_of(ask(signal == 0 ? "c" : std::string{"C"} + digits[signal >> 4 & 15] + digits[signal & 15]));
    }

    /// The distance of a program's text in memory from its addresses in the file; 0 if the stub does not know it.
    [[nodiscard]] std::uint64_t text_offset() {
        const std::string answer = ask("qOffsets");
        std::uint64_t offset = 0;
        if (answer.starts_with("Text=")) {
            (void)std::from_chars(answer.data() + 5, answer.data() + answer.size(), offset, 16);
        }
        return offset;
    }

private:
    static constexpr std::size_t most = 1024; ///< bytes of memory in one packet
    static constexpr std::size_t page = 4096; ///< a read ends where the next page may not exist
    static constexpr std::string_view digits = "0123456789abcdef";

    [[nodiscard]] static std::string_view without(std::string_view text, std::string_view head) {
        return text.starts_with(head) ? text.substr(head.size()) : text;
    }
    [[nodiscard]] static std::string hex(std::uint64_t value) { return report::detail::hex(value).substr(2); }
    [[nodiscard]] static unsigned digit(char letter) {
        const std::size_t at =
            digits.find(letter >= 'A' && letter <= 'F' ? static_cast<char>(letter - 'A' + 'a') : letter);
        return at < 16 ? static_cast<unsigned>(at) : 16;
    }
    /// Two digits for each byte. An error ("E01") has no bytes.
    [[nodiscard]] static std::vector<std::uint8_t> bytes_of(const std::string& text) {
        std::vector<std::uint8_t> bytes;
        for (std::size_t i = 0; text.size() % 2 == 0 && i < text.size(); i += 2) {
            const unsigned value = digit(text[i]) << 4 | digit(text[i + 1]);
            if (digit(text[i]) > 15 || digit(text[i + 1]) > 15) {
                return {};
            }
            bytes.push_back(static_cast<std::uint8_t>(value));
        }
        return bytes;
    }

    [[nodiscard]] static bool is_stop(const std::string& answer) {
        return answer.size() >= 3 && (answer[0] == 'T' || answer[0] == 'S') && digit(answer[1]) < 16 &&
               digit(answer[2]) < 16;
    }

    [[nodiscard]] event event_of(const std::string& answer) {
        event result;
        if (answer.size() >= 3) {
            result.number = static_cast<int>(digit(answer[1]) << 4 | digit(answer[2]));
        }
        ended_ = answer.starts_with('W') || answer.starts_with('X');
        if (!ended_ && !is_stop(answer)) {
            fail("it answers \"" + answer + "\" to a step");
        }
        result.what = ended_ ? event::ended : event::stopped;
        return result;
    }

    // ---- The line -------------------------------------------------------------------------------------

    [[nodiscard]] static int connect_path(const std::string& path) {
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        if (path.size() >= sizeof where.sun_path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        std::memcpy(where.sun_path, path.c_str(), path.size());
        return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&where), sizeof where);
    }

    [[nodiscard]] static int connect_port(std::string_view place) {
        const std::size_t colon = place.rfind(':');
        const std::string host{colon == 0 || colon == std::string_view::npos ? "localhost" : place.substr(0, colon)};
        const std::string port{colon == std::string_view::npos ? place : place.substr(colon + 1)};
        addrinfo wanted{};
        wanted.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) {
            errno = EADDRNOTAVAIL;
            return -1;
        }
        int line = -1;
        for (const addrinfo* each = found; each != nullptr && line < 0; each = each->ai_next) {
            line = connected(each->ai_family, each->ai_addr, each->ai_addrlen);
        }
        const int reason = errno;
        ::freeaddrinfo(found);
        errno = reason;
        if (line >= 0) {
            const int one = 1;
            (void)::setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        }
        return line;
    }

    [[nodiscard]] static int connected(int family, const sockaddr* where, socklen_t size) {
        const int line = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (line >= 0 && ::connect(line, where, size) != 0) {
            const int reason = errno;
            ::close(line);
            errno = reason;
            return -1;
        }
        return line;
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw report::file_error{"inlay: " + place_ + ": the stub of gdb there is of no use: " + reason};
    }

    /// Sends a packet, and returns the answer's data. A machine that stops at the connection says so at any time: only
    /// `?`, steps and runs ask for that.
    [[nodiscard]] std::string ask(std::string_view data) {
        const bool for_stop = data == "?" || data == "s" || data.starts_with('c') || data.starts_with('C');
        std::string packet = "$";
        unsigned sum = 0;
        for (const char each : data) {
            packet += each;
            sum += static_cast<unsigned char>(each);
        }
        packet += '#';
        packet += digits[sum >> 4 & 15U];
        packet += digits[sum & 15U];
        send(packet);
        for (;;) {
            std::string answer;
            if (receive(answer)) {
                send("+");
                if (for_stop || !is_stop(answer)) {
                    return answer;
                }
            }
        }
    }

    void send(std::string_view text) const {
        while (!text.empty()) {
            const auto done = ::send(line_, text.data(), text.size(), MSG_NOSIGNAL);
            if (done <= 0) {
                fail("it has closed the line");
            }
            text.remove_prefix(static_cast<std::size_t>(done));
        }
    }

    [[nodiscard]] char next() {
        if (at_ == got_) {
            const auto size = ::recv(line_, buffer_.data(), buffer_.size(), 0);
            if (size <= 0) {
                fail(size == 0 ? "it has closed the line" : "it does not answer");
            }
            at_ = 0;
            got_ = static_cast<std::size_t>(size);
        }
        return buffer_[at_++];
    }

    /// One packet, or false: "+" and noise between packets. "}" is before a changed letter, "*" before a count.
    [[nodiscard]] bool receive(std::string& answer) {
        if (next() != '$') {
            return false;
        }
        for (char each = next(); each != '#'; each = next()) {
            if (each == '}') {
                answer += static_cast<char>(next() ^ 0x20);
            } else if (each == '*' && !answer.empty()) {
                answer.append(static_cast<std::size_t>(next() - 29), answer.back());
            } else {
                answer += each;
            }
        }
        (void)next(); // the sum: the line is reliable
        (void)next();
        return true;
    }

    std::string place_;
    int line_{-1};
    bool ended_{};
    std::array<char, 4096> buffer_{};
    std::size_t at_{}, got_{};
};

} // namespace check
} // namespace inlay
