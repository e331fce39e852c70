// SPDX-License-Identifier: BSL-1.0
//
// Changing text in a running process: its mappings afterwards, the limits of the system, refusals of the system, and
// interrupted changes. Each test runs in a child process, and need not clean up.
#include "refuse.hpp"

#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::error;
using inlay_test::answer;
using inlay_test::refuse;
using inlay_test::refuse_spare_pages;

constexpr std::size_t page_size = 4096;
constexpr int count = 64;

inline constexpr inlay::static_key<"live_text.key", false> key;
inline constexpr inlay::static_key<"live_text.other", false> other;

/// Sites of one key on many pages.
template <int N>
[[gnu::noinline, gnu::aligned(page_size)]] int on_its_page() {
    if (key) {
        return N + 1000;
    }
    return N;
}
using function = int (*)();
template <int... N>
std::array<function, sizeof...(N)> functions_of(std::integer_sequence<int, N...> /*of*/) {
    return {&on_its_page<N>...};
}
const std::array<function, count> functions = functions_of(std::make_integer_sequence<int, count>{});

[[gnu::noinline]] int ask_other() { return other ? 1 : 0; }

/// How many sites see the value.
int sites_that_are(bool on) {
    int result = 0;
    for (int i = 0; i < count; ++i) {
        result += functions[static_cast<std::size_t>(i)]() == (on ? i + 1000 : i) ? 1 : 0;
    }
    return result;
}
bool all_are(bool on) { return sites_that_are(on) == count; }

bool changes_work() {
    return inlay::set(key, true) && all_are(true) && inlay::set(key, false) && all_are(false) &&
           inlay::set(other, true) && ask_other() == 1 && inlay::set(other, false) && ask_other() == 0;
}

std::uintptr_t page_of(function at) { return reinterpret_cast<std::uintptr_t>(at) & ~(page_size - 1); }

/// Of the consecutive pages of those functions.
std::uintptr_t first_page() {
    std::uintptr_t result = page_of(functions[0]);
    for (const function each : functions) {
        result = std::min(result, page_of(each));
    }
    return result;
}

/// Ends the process if it hangs; SIGALRM is a test's.
void limit_time() {
    timer_t timer{};
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    const itimerspec minutes{{}, {120, 0}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &minutes, nullptr) != 0) {
        _exit(98);
    }
}

/// Runs `body` in a child process; 0, the number of the check that failed, or 255 if it was killed.
int in_child(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        limit_time();
        _exit(body());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/// Whether this kernel has spare pages.
bool has_spare_pages() {
    return in_child([] { return inlay::apply() && inlay::detail::own_image.registry.spare.at != 0 ? 0 : 1; }) == 0;
}

int number_of_mappings() {
    std::FILE* const file = std::fopen("/proc/self/maps", "r");
    int result = 0;
    for (int each = 0; (each = std::fgetc(file)) != EOF;) {
        result += each == '\n' ? 1 : 0;
    }
    std::fclose(file);
    return result;
}

/// The flags of the mapping that the address is in.
std::string flags_at(std::uintptr_t at) {
    std::string result;
    std::FILE* const file = std::fopen("/proc/self/smaps", "r");
    char line[512];
    bool here = false;
    while (file != nullptr && std::fgets(line, sizeof(line), file) != nullptr) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line, "%lx-%lx ", &begin, &end) == 2) {
            here = begin <= at && at < end;
        } else if (here && std::strncmp(line, "VmFlags:", 8) == 0) {
            result = line + 8;
        }
    }
    std::fclose(file);
    return result;
}
bool has_flag(std::uintptr_t at, const char* flag) {
    return flags_at(at).find(std::string{" "} + flag) != std::string::npos;
}

class LiveText : public testing::TestWithParam<bool> {
protected:
    /// In the child: with or without spare pages.
    [[nodiscard]] static bool begin(bool spare) {
        if (!spare) {
            refuse_spare_pages();
        }
        const auto done = inlay::apply();
        return done && done.keys_direct == done.keys && (inlay::detail::own_image.registry.spare.at != 0) == spare;
    }
    void SetUp() override {
        if (GetParam() && !has_spare_pages()) {
            GTEST_SKIP() << "this kernel has no spare pages";
        }
    }
};

TEST_P(LiveText, ChangesWork) {
    EXPECT_EQ(in_child([spare = GetParam()] { return begin(spare) && changes_work() && changes_work() ? 0 : 1; }), 0);
}

#if defined(__x86_64__) || defined(__i386__)
// The kernel writes a uprobe's breakpoint like this, for any protection. No page that takes the text's place may have
// it: the kernel would not know it there.
TEST_P(LiveText, NoBreakpointOfAUprobeComesWithAPage) {
    EXPECT_EQ(in_child([spare = GetParam()] {
                  const auto probe = [](std::uintptr_t at) {
                      std::FILE* const memory = std::fopen("/proc/self/mem", "r+b");
                      const bool good = memory != nullptr && std::fseek(memory, static_cast<long>(at), SEEK_SET) == 0 &&
                                        std::fputc(0xcc, memory) == 0xcc && std::fclose(memory) == 0;
                      return good && *reinterpret_cast<const volatile unsigned char*>(at) == 0xcc;
                  };
                  // Behind a function, where its page has nothing.
                  const std::uintptr_t early = page_of(functions[9]) + page_size - 1;
                  const std::uintptr_t late = page_of(functions[10]) + page_size - 1;
                  const auto as_before = [](std::uintptr_t at) {
                      return *reinterpret_cast<const volatile unsigned char*>(at) != 0xcc;
                  };
                  if (!as_before(early) || !as_before(late)) {
                      return 1;
                  }
                  if (!spare && !probe(early)) { // spare pages are made of text that did not change
                      return 2;
                  }
                  if (!begin(spare) || !as_before(early)) {
                      return 3;
                  }
                  return probe(late) && changes_work() && as_before(late) ? 0 : 4;
              }),
              0);
}
#endif

// As in a service that drops its privileges: it may no longer open its own memory.
TEST_P(LiveText, ChangesWorkWithoutTheMemoryFile) {
    EXPECT_EQ(in_child([spare = GetParam()] {
                  if (!begin(spare)) {
                      return 1;
                  }
                  refuse(SYS_openat, 2, 3); // for writing
                  return changes_work() && changes_work() ? 0 : 2;
              }),
              0);
}

// Then a page would have to be writable first, and executable later.
TEST_P(LiveText, WithoutTheMemoryFileAWritablePageMustBecomeExecutable) {
    EXPECT_EQ(in_child([spare = GetParam()] {
                  if (!begin(spare) || !inlay::set(other, true)) {
                      return 1;
                  }
                  refuse(SYS_openat, 2, 3); // for writing
                  refuse(SYS_mprotect, 2, PROT_EXEC);
                  const auto done = inlay::set(key, true);
                  return done.error() == inlay::error::text_not_writable && all_are(false) && ask_other() == 1 ? 0 : 2;
              }),
              0);
}

TEST_P(LiveText, NoMappingIsLeft) {
    EXPECT_EQ(in_child([spare = GetParam()] {
                  if (!begin(spare)) {
                      return 1;
                  }
                  const int before = number_of_mappings();
                  for (int i = 0; i < 10; ++i) {
                      if (!changes_work()) {
                          return 2;
                      }
                  }
                  // A new page is anonymous, and divides the mapping of the text; each site has a separate page here.
                  const int more = number_of_mappings() - before;
                  return (spare ? more == 0 : more <= 2 * count + 4) ? 0 : 3;
              }),
              0);
}

// AddressSanitizer allocates memory during a test, and ends the program if it gets none.
#if defined(__has_feature)
#define HAS_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif
constexpr long for_sanitizer = HAS_SANITIZER ? 20 : 0;

TEST_P(LiveText, NearTheLimitOfMappingsAllChangesOrNothingDoes) {
    for (const int leave : {2, 4, 10, 40}) {
        EXPECT_EQ(in_child([spare = GetParam(), leave] {
                      if (!begin(spare)) {
                          return 1;
                      }
                      long most = 65530;
                      if (std::FILE* const file = std::fopen("/proc/sys/vm/max_map_count", "r")) {
                          if (std::fscanf(file, "%ld", &most) != 1 || most > 300000) {
                              return 0; // it would take too long
                          }
                          std::fclose(file);
                      }
                      const auto need = static_cast<std::size_t>(most - number_of_mappings() - leave - for_sanitizer);
                      auto* const pages = static_cast<char*>(mmap(nullptr, (need + 2) * page_size, PROT_READ,
                                                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
                      for (std::size_t i = 1; i < need; i += 2) {
                          if (mprotect(pages + i * page_size, page_size, PROT_NONE) != 0) {
                              break;
                          }
                      }
                      for (const bool on : {true, false, true}) {
                          const bool before = !all_are(false);
                          const auto done = inlay::set(key, on);
                          if (!all_are(done ? on : before) ||
                              (decltype(key)::state.value != 0) != (done ? on : before)) {
                              return 2;
                          }
                          if (!done && (done.error() != error::text_not_writable || done.system_error != ENOMEM)) {
                              return 3;
                          }
                      }
                      munmap(pages, (need + 2) * page_size);
                      return changes_work() ? 0 : 4;
                  }),
                  0)
            << leave << " mappings left";
    }
}

TEST_P(LiveText, BelowTheLimitOfAddressSpaceNothingChanges) {
    EXPECT_EQ(in_child([spare = GetParam()] {
                  if (!begin(spare)) {
                      return 1;
                  }
                  rlimit limit{};
                  getrlimit(RLIMIT_AS, &limit);
                  const rlim_t before = limit.rlim_cur;
                  for (int i = 0; i < 3; ++i) {
                      limit.rlim_cur = page_size; // the process has more
                      setrlimit(RLIMIT_AS, &limit);
                      const auto done = inlay::set(key, true);
                      if (done || done.error() != error::text_not_writable || done.system_error != ENOMEM ||
                          !all_are(false) || decltype(key)::state.value != 0) {
                          return 2;
                      }
                      limit.rlim_cur = before;
                      setrlimit(RLIMIT_AS, &limit);
                      if (!changes_work()) {
                          return 3;
                      }
                  }
                  return 0;
              }),
              0);
}

TEST_P(LiveText, APageThatIsRefusedHalfWayTakesAllBack) {
    for (const std::size_t sealed : {0U, 1U, 31U, 63U}) {
        EXPECT_EQ(in_child([spare = GetParam(), sealed] {
                      if (!begin(spare)) {
                          return 1;
                      }
                      constexpr long mseal = 462; // Linux 6.10
                      if (syscall(mseal, page_of(functions[sealed]), page_size, 0) != 0) {
                          return 0;
                      }
                      const auto done = inlay::set(key, true);
                      if (done || done.error() != error::text_not_writable || done.system_error != EPERM ||
                          done.written != 0) {
                          return 2;
                      }
                      if (!all_are(false) || decltype(key)::state.value != 0) {
                          return 3;
                      }
                      return inlay::set(other, true) && ask_other() == 1 && all_are(false) ? 0 : 4;
                  }),
                  0)
            << sealed;
    }
}

TEST_P(LiveText, PagesKeepWhatWasSaidOfThem) {
    struct {
        const char* flag;
        std::function<int(void*, std::size_t)> say;
    } const advice[] = {
        {"lo", [](void* at, std::size_t size) { return static_cast<int>(syscall(SYS_mlock, at, size)); }},
        {"dd", [](void* at, std::size_t size) { return madvise(at, size, MADV_DONTDUMP); }},
        {"dc", [](void* at, std::size_t size) { return madvise(at, size, MADV_DONTFORK); }},
        {"rr", [](void* at, std::size_t size) { return madvise(at, size, MADV_RANDOM); }},
        {"sr", [](void* at, std::size_t size) { return madvise(at, size, MADV_SEQUENTIAL); }},
    };
    for (const auto& each : advice) {
        for (const bool whole : {false, true}) {
            for (const bool before_apply : {false, true}) {
                EXPECT_EQ(in_child([&, spare = GetParam()] {
                              const auto at = page_of(functions[5]);
                              const auto elsewhere = page_of(functions[9]);
                              const auto say = [&] {
                                  return whole ? each.say(reinterpret_cast<void*>(first_page()), count * page_size)
                                               : each.say(reinterpret_cast<void*>(at), page_size);
                              };
                              if (before_apply && say() != 0) {
                                  return 1;
                              }
                              if (!begin(spare) || (!before_apply && say() != 0)) {
                                  return 2;
                              }
                              for (int i = 0; i < 3; ++i) {
                                  if (!changes_work()) {
                                      return 3;
                                  }
                                  if (!has_flag(at, each.flag) || has_flag(elsewhere, each.flag) != whole) {
                                      return 4;
                                  }
                              }
                              return 0;
                          }),
                          0)
                    << each.flag << (whole ? ", all pages" : ", one page") << (before_apply ? ", before apply()" : "");
            }
        }
    }
}

TEST_P(LiveText, LockedAsAWhole) {
    constexpr int not_locked = 77; // sanitizers have their own mlockall(); it does nothing
    const int result = in_child([spare = GetParam()] {
        if (!begin(spare) || mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
            return 1;
        }
        if (!has_flag(page_of(functions[5]), "lo")) {
            return not_locked;
        }
        for (int i = 0; i < 3; ++i) {
            if (!changes_work() || !has_flag(page_of(functions[5]), "lo") || !has_flag(page_of(&ask_other), "lo")) {
                return 2;
            }
        }
        return 0;
    });
    if (result == not_locked) {
        GTEST_SKIP() << "mlockall() does nothing here";
    }
    EXPECT_EQ(result, 0);
}

bool is_locked(std::uintptr_t at) { // without /proc, which a process may not read any more
    return syscall(SYS_msync, at, page_size, MS_INVALIDATE) != 0 && errno == EBUSY;
}

// A process gives up its rights after it has locked text, perhaps all of them (and then cannot read its smaps), perhaps
// only that to lock more. The pages stay locked, or the change is refused.
TEST_P(LiveText, LocksStayWithoutTheRightToLock) {
    constexpr uid_t nobody = 65534;
    for (const bool whole : {false, true}) {
        for (const bool to_nobody : {false, true}) {
            for (const rlim_t most : {rlim_t{0}, rlim_t{1} << 23}) {
                const int result = in_child([=, spare = GetParam()] {
                    const auto at = page_of(functions[5]);
                    const auto elsewhere = page_of(functions[9]);
                    if (!begin(spare) ||
                        syscall(SYS_mlock, whole ? first_page() : at, whole ? count * page_size : page_size) != 0) {
                        return 1;
                    }
                    const rlimit limit{most, most};
                    __user_cap_header_struct self{_LINUX_CAPABILITY_VERSION_3, 0};
                    __user_cap_data_struct none[2]{}; // NOLINT(*-avoid-c-arrays)
                    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
                        (to_nobody && geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) ||
                        (!to_nobody && syscall(SYS_capset, &self, none) != 0)) {
                        return 2;
                    }
                    for (const bool on : {true, false, true}) {
                        const bool before = !all_are(false);
                        const auto done = inlay::set(key, on);
                        if (!all_are(done ? on : before)) {
                            return 3;
                        }
                        if (!done &&
                            (most != 0 || done.error() != error::text_not_writable || done.system_error != EPERM)) {
                            return 4;
                        }
                        if (!is_locked(at) || is_locked(elsewhere) != whole) {
                            return 5;
                        }
                    }
                    return 0;
                });
                EXPECT_EQ(result, 0) << (whole ? "all pages" : "one page") << (to_nobody ? ", nobody" : "") << ", "
                                     << most;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, LiveText, testing::Bool(),
                         [](const auto& each) { return each.param ? "SparePage" : "NewPage"; });

// ---- Refusals of the system ------------------------------------------------------------------------

TEST(Refusals, TextThatIsSealedKeepsTheFormThatReadsMemory) {
    EXPECT_EQ(in_child([] {
                  constexpr long mseal = 462;
                  if (syscall(mseal, page_of(functions[7]), page_size, 0) != 0) {
                      return 0;
                  }
                  const auto done = inlay::apply();
                  return done && done.keys_direct == 0 && changes_work() ? 0 : 1;
              }),
              0);
}

TEST(Refusals, AFilterThatKillsForABarrierIsNotAsked) {
    EXPECT_EQ(in_child([] {
                  answer(SECCOMP_RET_KILL_PROCESS, SYS_membarrier);
                  const auto done = inlay::apply();
                  return done && done.keys_direct == done.keys && changes_work() ? 0 : 1;
              }),
              0);
}

TEST(Refusals, WithoutTheMemoryFilePagesAreNew) {
    EXPECT_EQ(in_child([] {
                  refuse(SYS_openat, 2, 3); // for writing
                  const auto done = inlay::apply();
                  return done && done.keys_direct == done.keys && changes_work() &&
                                 inlay::detail::own_image.registry.spare.at == 0
                             ? 0
                             : 1;
              }),
              0);
}

TEST(Refusals, TextThatIsNoFilesIsNotMovedAside) {
    EXPECT_EQ(in_child([] { // as programs do that put their text on huge pages
                  const auto begin = first_page();
                  void* const copy =
                      mmap(nullptr, count * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  std::memcpy(copy, reinterpret_cast<const void*>(begin), count * page_size);
                  mprotect(copy, count * page_size, PROT_READ | PROT_EXEC);
                  if (mremap(copy, count * page_size, count * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
                             reinterpret_cast<void*>(begin)) == MAP_FAILED) {
                      return 1;
                  }
                  const auto done = inlay::apply();
                  return done && done.keys_direct == done.keys && changes_work() &&
                                 inlay::detail::own_image.registry.spare.at == 0
                             ? 0
                             : 2;
              }),
              0);
}

TEST(Refusals, TextThatWasChangedIsNotMovedAsideBesideOtherThreads) {
    for (const bool alone : {true, false}) {
        EXPECT_EQ(in_child([alone] {
                      inlay::platform::process self;
                      if (!inlay::set(key, true) || !inlay::apply(inlay::this_image(), self) || !all_are(true)) {
                          return 1;
                      }
                      std::atomic<bool> stop{false};
                      std::atomic<int> wrong{0};
                      std::thread thread;
                      if (!alone) {
                          thread = std::thread{[&] {
                              while (!stop) {
                                  wrong += all_are(true) ? 0 : 1;
                              }
                          }};
                          usleep(2000);
                      }
                      const bool good = static_cast<bool>(inlay::apply());
                      const bool spare = inlay::detail::own_image.registry.spare.at != 0;
                      usleep(2000);
                      stop = true;
                      if (!alone) {
                          thread.join();
                      }
                      return good && all_are(true) && wrong == 0 && (alone || !spare) && changes_work() ? 0 : 2;
                  }),
                  0)
            << alone;
    }
}

// ---- Interruptions of a change ---------------------------------------------------------------------

std::atomic<unsigned> nested{0};
std::atomic<unsigned> unexpected{0};

void set_in_handler(int /*signal*/) {
    const auto done = inlay::set(other, true);
    nested += done.error() == error::change_nested ? 1U : 0U;
    unexpected += done || done.error() == error::change_nested ? 0U : 1U;
}

TEST(Interrupted, ASignalHandlerIsToldThatAChangeIsBeingMade) {
    EXPECT_EQ(in_child([] {
                  if (!inlay::apply()) {
                      return 1;
                  }
                  struct sigaction action{};
                  action.sa_handler = &set_in_handler;
                  sigaction(SIGALRM, &action, nullptr);
                  const itimerval often{{0, 100}, {0, 100}};
                  setitimer(ITIMER_REAL, &often, nullptr);
                  for (int i = 0; (nested == 0 || i < 500) && i < 200000; ++i) {
                      if (!inlay::set(key, i % 2 == 0) || !all_are(i % 2 == 0)) {
                          return 2;
                      }
                  }
                  const itimerval never{};
                  setitimer(ITIMER_REAL, &never, nullptr);
                  return nested != 0 && unexpected == 0 ? 0 : 3;
              }),
              0);
}

TEST(Interrupted, AChildWithoutTheHandlersOfForkChangesOrSaysThatItCannot) {
    EXPECT_EQ(in_child([] {
                  if (!inlay::apply()) {
                      return 1;
                  }
                  std::atomic<bool> stop{false};
                  std::thread changer{[&] {
                      for (int i = 0; !stop; ++i) {
                          (void)inlay::set(key, i % 2 == 0);
                      }
                  }};
                  int result = 0;
                  int told = 0;
                  for (int i = 0; i < 60 && result == 0; ++i) {
                      usleep(300);
                      const auto child = static_cast<pid_t>(syscall(SYS_fork));
                      if (child == 0) {
                          limit_time();
                          const auto done = inlay::set(other, true);
                          _exit(done ? (ask_other() == 1 ? 0 : 1) : done.error() == error::process_forked ? 2 : 3);
                      }
                      int status = 0;
                      waitpid(child, &status, 0);
                      told += WIFEXITED(status) && WEXITSTATUS(status) == 2 ? 1 : 0;
                      result = WIFEXITED(status) && WEXITSTATUS(status) % 2 == 0 ? 0 : 2;
                  }
                  stop = true;
                  changer.join();
                  return result != 0 ? result : told != 0 ? 0 : 3;
              }),
              0);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
