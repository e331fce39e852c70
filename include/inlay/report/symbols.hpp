// SPDX-License-Identifier: BSL-1.0
//
// symbols: the function and the source line that an address belongs to, in the running process or an ELF file.
//
//     inlay::report::symbols symbols;           // of this process; symbols{"vmlinux"} of a file, by the file's addresses
//     auto where = symbols.find(address);       // where.function, where.offset, where.file, where.line
//
// How it works. libdw reads the ELF files of the process's own mappings. An inlined function of inlay emits a site, so
// the line table names a header of inlay. The reader wants the line that uses the alternative. So the search follows
// the inlined calls outwards until one is not in namespace inlay. Without debug info, the result is the function;
// without symbols, the module and the offset in it.
#pragma once

#include "inlay/report/architectures.hpp"
#include "inlay/report/model.hpp"
#include "inlay/table.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

namespace detail {

/// A C++ symbol as in the source; any other one as it is. (The demangler also takes types: "f" would be "float".)
[[nodiscard]] inline std::string demangled(const char* symbol) {
    if (!std::string_view{symbol}.starts_with("_Z")) {
        return symbol;
    }
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name{abi::__cxa_demangle(symbol, nullptr, nullptr, &status),
                                                           &std::free};
    return status == 0 && name != nullptr ? name.get() : symbol;
}

} // namespace detail

/// A function's name without its parameters: "ns::f(int, char) const [clone .cold]" is "ns::f".
[[nodiscard]] inline std::string without_parameters(std::string_view name) {
    name = name.substr(0, name.find(" [clone "));
    const std::string_view whole = name;
    for (const std::string_view tail : {" const", " &", " &&"}) {
        if (name.ends_with(tail)) {
            name.remove_suffix(tail.size());
        }
    }
    int open = 0;
    for (std::size_t i = name.ends_with(')') ? name.size() : 0; i-- > 0;) {
        open += name[i] == ')' ? 1 : name[i] == '(' ? -1 : 0;
        if (open == 0) {
            return std::string{i == 0 || name.substr(0, i).ends_with("::") ? whole : name.substr(0, i)};
        }
    }
    return std::string{whole};
}

/// Not thread-safe. Holds files open; make one for a report and let it go.
class symbols {
public:
    symbols() : session_{dwfl_begin(&callbacks())} {
        if (session_ == nullptr || dwfl_linux_proc_report(session_.get(), ::getpid()) != 0 ||
            dwfl_report_end(session_.get(), nullptr, nullptr) != 0) {
            session_.reset(); // e.g. no /proc: addresses stay numbers
        }
    }
    /// The symbols of a file; if it cannot be read, addresses stay numbers.
    explicit symbols(const std::string& path) : session_{dwfl_begin(&callbacks())} {
        if (session_ == nullptr) {
            return;
        }
        dwfl_report_begin(session_.get());
        if (dwfl_report_elf(session_.get(), path.c_str(), path.c_str(), -1, 0, true) == nullptr ||
            dwfl_report_end(session_.get(), nullptr, nullptr) != 0) {
            session_.reset();
        }
    }
    symbols(const symbols&) = delete;
    symbols(symbols&&) = default;
    symbols& operator=(const symbols&) = delete;
    symbols& operator=(symbols&&) = default;
    ~symbols() = default;

    /// Gives an address a name.
    void name(address at, std::string text) { own_names_[at] = std::move(text); }

    [[nodiscard]] place find(address at) const {
        place found{.at = at};
        Dwfl_Module* const module = session_ ? dwfl_addrmodule(session_.get(), at) : nullptr;
        if (module == nullptr) {
            return found;
        }
        find_symbol(module, found);
        Dwarf_Addr bias = 0;
        Dwarf_Die* const unit = find_unit(module, at, bias);
        if (unit != nullptr) {
            find_line(unit, at - bias, found);
        }
        return found;
    }

    /// "function", "function+0x10", "module+0x10" or "0x10": the best name for an operand.
    [[nodiscard]] std::string describe(address at) const {
        if (const auto own = own_names_.find(at); own != own_names_.end()) {
            return own->second;
        }
        place found{.at = at};
        if (Dwfl_Module* const module = session_ ? dwfl_addrmodule(session_.get(), at) : nullptr) {
            find_symbol(module, found);
        }
        return describe(found);
    }

    [[nodiscard]] static std::string describe(const place& found) {
        const auto plus = [](const std::string& name, std::uint64_t offset) {
            return offset == 0 ? name : name + '+' + detail::hex(offset);
        };
        return !found.function.empty() ? plus(without_parameters(found.function), found.offset)
               : !found.module.empty() ? plus(found.module.substr(found.module.rfind('/') + 1), found.module_offset)
                                       : detail::hex(found.at);
    }

private:
    struct end_session {
        void operator()(Dwfl* session) const noexcept { dwfl_end(session); }
    };

    static const Dwfl_Callbacks& callbacks() {
        static const Dwfl_Callbacks functions{dwfl_linux_proc_find_elf, dwfl_standard_find_debuginfo,
                                              dwfl_offline_section_address, nullptr}; // of paths: libdw's default
        return functions;
    }

    static void find_symbol(Dwfl_Module* module, place& found) {
        Dwarf_Addr start = 0;
        const char* const path = dwfl_module_info(module, nullptr, &start, nullptr, nullptr, nullptr, nullptr, nullptr);
        found.module = path != nullptr ? path : "";
        found.module_offset = found.at - start;
        GElf_Off offset = 0;
        GElf_Sym symbol{};
        const char* const name = dwfl_module_addrinfo(module, found.at, &offset, &symbol, nullptr, nullptr, nullptr);
        // Without a symbol table, the dynamic symbols often have only a distant neighbour.
        if (name != nullptr && *name != '\0' && (offset == 0 || symbol.st_size == 0 || offset < symbol.st_size)) {
            found.function = detail::demangled(name);
            found.offset = offset;
        }
    }

    /// The compilation unit of an address. Clang writes no .debug_aranges: then all units are asked.
    Dwarf_Die* find_unit(Dwfl_Module* module, address at, Dwarf_Addr& bias) const {
        Dwarf_Die* unit = dwfl_module_addrdie(module, at, &bias);
        if (unit == nullptr && module == last_module_ && dwarf_haspc(last_unit_, at - last_bias_) > 0) {
            unit = last_unit_; // neighbours mostly are of one unit
            bias = last_bias_;
        }
        for (Dwarf_Die* each = nullptr; unit == nullptr;) {
            each = dwfl_module_nextcu(module, each, &bias);
            if (each == nullptr) {
                return nullptr;
            }
            unit = dwarf_haspc(each, at - bias) > 0 ? each : nullptr;
        }
        last_module_ = module;
        last_unit_ = unit;
        last_bias_ = bias;
        return unit;
    }

    void find_line(Dwarf_Die* unit, Dwarf_Addr at, place& found) const {
        const auto set = [&](const char* file, int line) {
            found.file = file != nullptr && line != 0 ? file : ""; // 0: the compiler does not say which
            found.line = line;
        };
        if (Dwarf_Line* const entry = dwarf_getsrc_die(unit, at)) {
            int line = 0;
            dwarf_lineno(entry, &line);
            set(dwarf_linesrc(entry, nullptr, nullptr), line);
        }
        std::vector<Dwarf_Die> inlined; // the outermost first
        for (code_piece& each : index_of(unit).functions) {
            if (each.begin <= at && at < each.end) {
                find_inlined(&each.function, at, inlined);
                break;
            }
        }
        Dwarf_Files* files = nullptr;
        std::size_t count = 0;
        if (dwarf_getsrcfiles(unit, &files, &count) != 0) {
            return;
        }
        for (; !inlined.empty() && is_of_inlay(inlined.back()); inlined.pop_back()) {
            const Dwarf_Word file = number(inlined.back(), DW_AT_call_file);
            set(file < count ? dwarf_filesrc(files, static_cast<std::size_t>(file), nullptr, nullptr) : nullptr,
                static_cast<int>(number(inlined.back(), DW_AT_call_line)));
        }
    }

    [[nodiscard]] static Dwarf_Word number(Dwarf_Die& of, unsigned attribute_name) {
        Dwarf_Attribute attribute;
        Dwarf_Word value = 0;
        return dwarf_formudata(dwarf_attr(&of, attribute_name, &attribute), &value) == 0 ? value : 0;
    }

    /// A piece of a function's code.
    struct code_piece {
        Dwarf_Addr begin, end;
        Dwarf_Die function;
    };

    /// The frequently used data of a unit. Units may be large, so this class walks them once.
    struct unit_index {
        std::vector<code_piece> functions{};
        std::set<void*> of_inlay{}; ///< declarations in namespace inlay
    };

    unit_index& index_of(Dwarf_Die* unit) const {
        const auto [known, news] = units_.try_emplace(unit->addr);
        if (news) {
            fill(known->second, unit, false);
        }
        return known->second;
    }

    static void fill(unit_index& index, Dwarf_Die* parent, bool in_inlay) {
        Dwarf_Die child;
        if (dwarf_child(parent, &child) != 0) {
            return;
        }
        do {
            const int tag = dwarf_tag(&child);
            if (in_inlay) {
                index.of_inlay.insert(child.addr);
            }
            if (tag == DW_TAG_subprogram) {
                Dwarf_Addr base = 0;
                code_piece piece{.begin = 0, .end = 0, .function = child};
                for (std::ptrdiff_t i = 0; (i = dwarf_ranges(&child, i, &base, &piece.begin, &piece.end)) > 0;) {
                    index.functions.push_back(piece);
                }
            }
            if (tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type || in_inlay) {
                const char* const name = tag == DW_TAG_namespace ? dwarf_diename(&child) : nullptr;
                fill(index, &child, in_inlay || (name != nullptr && std::string_view{name} == "inlay"));
            }
        } while (dwarf_siblingof(&child, &child) == 0);
    }

    /// Collects the inlined calls around an address of a function. (dwarf_getscopes() walks the whole unit for each
    /// address: 2,250 sites took 45 s instead of 0.14, with the same answers.)
    static void find_inlined(Dwarf_Die* parent, Dwarf_Addr at, std::vector<Dwarf_Die>& inlined) {
        Dwarf_Die child;
        if (dwarf_child(parent, &child) != 0) {
            return;
        }
        do {
            switch (dwarf_tag(&child)) {
            case DW_TAG_inlined_subroutine:
            case DW_TAG_lexical_block:
            case DW_TAG_try_block:
            case DW_TAG_catch_block:
                if (dwarf_haspc(&child, at) > 0) {
                    if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) {
                        inlined.push_back(child);
                    }
                    find_inlined(&child, at, inlined);
                    return;
                }
                break;
            default:
                break;
            }
        } while (dwarf_siblingof(&child, &child) == 0);
    }

    /// Whether the inlined function is declared in namespace inlay.
    bool is_of_inlay(Dwarf_Die& inlined) const {
        Dwarf_Attribute attribute;
        Dwarf_Die function;
        Dwarf_Die declared;
        Dwarf_Die unit;
        if (dwarf_formref_die(dwarf_attr(&inlined, DW_AT_abstract_origin, &attribute), &function) == nullptr) {
            return false;
        }
        if (dwarf_formref_die(dwarf_attr(&function, DW_AT_specification, &attribute), &declared) == nullptr) {
            declared = function;
        }
        return dwarf_diecu(&declared, &unit, nullptr, nullptr) != nullptr &&
               index_of(&unit).of_inlay.contains(declared.addr);
    }

    std::unique_ptr<Dwfl, end_session> session_;
    std::map<address, std::string> own_names_{};
    mutable std::map<void*, unit_index> units_{}; // by the unit's DIE
    mutable Dwfl_Module* last_module_{};
    mutable Dwarf_Die* last_unit_{};
    mutable Dwarf_Addr last_bias_{};
};

} // namespace report
} // namespace inlay
