// SPDX-License-Identifier: BSL-1.0
//
// reader: the report on a file, by a program of this machine; see sites.cpp.
//
//     reader FILE CPU...            a report for each CPU, as normalised JSON
//     reader FILE lines             "name line" of the sites whose line of source is known
//     reader FILE text CPU          as people read it
#include "normalised.hpp"

#include <inlay/report.hpp>

#include <exception>
#include <iostream>
#include <map>
#include <string>

int main(int count, char** arguments) {
    try {
        const std::string file{arguments[1]};
        const std::string what{count > 2 ? arguments[2] : ""};
        if (what == "text") {
            inlay::report::print_file(std::cout, file, {.cpu = arguments[3]});
            return 0;
        }
        if (what == "lines") {
            for (const auto& site : inlay::report::collect_file(file, "none").sites) {
                if (site.name == "file.plain" || site.name == "file.off" || site.name == "hooks.add") {
                    std::cout << site.name << ' ' << site.where.line << '\n';
                }
            }
            return 0;
        }
        for (int i = 2; i < count; ++i) {
            std::cout << normalised(inlay::report::collect_file(file, arguments[i]));
        }
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
