// Unpacks the module that the script carries. A module of its own, because JavaScript that runs
// only once runs slowly.
#include <cstdint>
#include <new>

#include "coder.hpp"
#include "history.hpp"
#include "strands.hpp"

namespace packing {
namespace {

bool unpack(Reader& from, Strands& strands, History& history) {
    if (!strands.trees.code(from) || !history.code_counts(from, nullptr)) return false;
    Past past;
    while (!history.is_full()) {
        const std::uint32_t place = history.place();
        const Step step = strands.step(from, past, place);
        if (step == Step::kLiteral) {
            const bool copied = past.copied();
            history.put(strands.literal(from, copied, place, history.is_opcode(),
                                        copied ? history.back(past.last[0]) : std::uint8_t{0}));
            past.literal();
            continue;
        }
        std::uint32_t length = 1;
        if (step == Step::kCopy) {
            length = strands.length(from, false);
            past.bring_forward(3, history.there(strands.distance(from, length, place)));
            past.copy(7, 10);
        } else {
            const std::uint32_t which = strands.which(from, past);
            past.bring_forward(which, past.last[which]);
            if (which == 0 && strands.one_byte(from, past, place)) {
                past.copy(9, 11);
            } else {
                length = strands.length(from, true);
                past.copy(8, 11);
            }
        }
        if (past.last[0] == 0 || past.last[0] > history.at()) return false;
        for (; length > 0 && !history.is_full(); --length) history.put(history.back(past.last[0]));
    }
    return true;
}

alignas(8) unsigned char room_for_strands[sizeof(Strands)];

}  // namespace
}  // namespace packing

extern "C" std::uint8_t __heap_base;

// Where text_size + 5 * size bytes are to be: the text, and behind it what comes out.
extern "C" __attribute__((export_name("room"))) std::uint8_t* room() { return &__heap_base; }

// False: the text is not what packer.cpp writes.
extern "C" __attribute__((export_name("unpack"))) bool unpack(std::uint32_t text_size,
                                                              std::uint32_t size) {
    packing::Reader from(reinterpret_cast<const char*>(room()), text_size);
    std::uint8_t* const bytes = room() + text_size;
    auto* const lists = reinterpret_cast<std::uint32_t*>(bytes + (size + 3) / 4 * 4);
    packing::History history(bytes, lists, size);
    return packing::unpack(from, *new (packing::room_for_strands) packing::Strands, history);
}
