// SPDX-License-Identifier: BSL-1.0
//
// seal: leaves room in an image for the data that `inlay check --seal` writes (seal.hpp).
//
//     emit::seal<&detail::own_room, 4096>();
//
// How it works. As with the `image`, C++ only declares the object and the assembler defines it. A compiler that saw its
// zeros would decide at compile time that the image is not sealed. The linker keeps one seal for each image.
#pragma once

#include "inlay/arch/emit.hpp"
#include "inlay/seal.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace emit {

/// The `table::seal` of this image, under the name of `Seal`, with `Room` bytes for it and the data that follow it.
template <auto* Seal, size_t Room>
[[gnu::always_inline]] inline void seal() noexcept {
    static_assert(Room >= sizeof(table::seal) && Room % 8 == 0 && Room < 0x8000'0000U,
                  "inlay: the room for a seal has at least 160 bytes, a multiple of 8");
    asm inline volatile(".ifndef .Linlay_seal\n\t"
                        ".set .Linlay_seal,1\n\t"
                        ".pushsection .data.inlay_seal,\"awG\",@progbits,%c[seal],comdat\n\t"
                        ".weak %c[seal]\n\t.hidden %c[seal]\n\t.type %c[seal],@object\n\t"
                        ".balign 8\n"
                        "%c[seal]:\n\t"
                        ".zero %c[unsummed]\n\t"
                        ".ascii \"inlay seal\\r\"\n\t.byte 0\n\t"
                        ".long %c[layout], %c[room]\n\t"
                        ".zero %c[room] - %c[begin]\n\t"
                        ".size %c[seal], . - %c[seal]\n\t"
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [seal] INLAY_SYMBOL(Seal), [layout] "i"(static_cast<int>(table::seal_layout)),
                          [room] "i"(static_cast<int>(Room)), [begin] "i"(static_cast<int>(table::seal_begin)),
                          [unsummed] "i"(static_cast<int>(table::seal_unsummed)));
}

} // namespace emit
} // namespace inlay
