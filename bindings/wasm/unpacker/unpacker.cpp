// Unpacks the module that the script carries: what tools/pack.mjs makes of it, which tells how. A
// module of its own, because JavaScript that runs only once runs slowly. It runs once, too, so that
// V8 compiles it in haste: loops are written out, and nothing is called for each byte.
//
// Nothing here looks where text or room end: who reads or writes beyond its memory is stopped by
// that, every loop writes, and at the end all must have come out even.
#include <cstdint>

namespace {

using Address = std::uint8_t*;

// As in tools/strands.mjs.
enum Strand : std::uint8_t {
    kOpcode = 1,
    kOffset,
    kBefore,
    kAfter,
    kDeclared,
    kDepth,
    kFunction,
    kType,
    kLocal,
    kGlobal,
    kI32,
    kI64,
    kFixed,
    kStrands,
};

// As in tools/pairs.mjs. Digits are what a script's string holds as it is, whoever writes it.
constexpr char kNoDigits[] = "\"$'<\\`";
constexpr std::uint32_t kDigits = 89;
constexpr std::uint32_t kShort = 87;  // symbols of one digit
constexpr std::uint32_t kSymbols = kShort + (kDigits - kShort) * kDigits;
constexpr std::uint32_t kByte = 0xffff;  // in place of the first of a pair
constexpr std::uint32_t kDeepest = 200;  // of pairs in pairs

class Text {
public:
    explicit Text(const std::uint8_t* from) : at(from) {
        std::uint8_t digit = 0;
        const char* no_digit = kNoDigits;
        for (int letter = ' '; letter < 127; ++letter) {
            if (letter == *no_digit) {
                ++no_digit;
            } else {
                digits_[letter] = digit++;
            }
        }
    }
    std::uint32_t digit() { return digits_[*at++]; }
    std::uint32_t number() {
        const std::uint32_t high = digit();
        const std::uint32_t middle = digit();
        return (high * kDigits + middle) * kDigits + digit();
    }
    std::uint32_t symbol() {
        const std::uint32_t first = digit();
        return first < kShort ? first : kShort + (first - kShort) * kDigits + digit();
    }

    const std::uint8_t* at;

private:
    std::uint8_t digits_[256] = {};
};

// What each symbol stands for, spelt out: `room` is for that.
class Symbols {
public:
    Symbols(Text& text, Address room) : room_(room) {
        const std::uint32_t count = text.number();
        if (count > kSymbols) __builtin_trap();
        for (std::uint32_t i = 0; i < count; ++i) {
            const bool is_pair = text.digit() != 0;
            first_[i] = kByte;
            if (is_pair) first_[i] = static_cast<std::uint16_t>(text.symbol());
            second_[i] = static_cast<std::uint16_t>(text.symbol());
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            begin_[i] = room_;
            spell(i, 0);
        }
        begin_[count] = room_;
    }

    // So many of them, from the text to `out`; answers the end.
    Address write(std::uint32_t count, Text& text, Address out) const {
        for (; count > 0; --count) {
            const std::uint32_t symbol = text.symbol();
            const std::uint8_t* at = begin_[symbol];
            const std::uint8_t* const end = begin_[symbol + 1];
            do {
                *out++ = *at++;
            } while (at < end);
        }
        return out;
    }

private:
    void spell(std::uint32_t symbol, std::uint32_t depth) {
        if (depth > kDeepest) __builtin_trap();
        if (first_[symbol] == kByte) {
            *room_++ = static_cast<std::uint8_t>(second_[symbol]);
        } else {
            spell(first_[symbol], depth + 1);
            spell(second_[symbol], depth + 1);
        }
    }

    Address room_;
    std::uint16_t first_[kSymbols];
    std::uint16_t second_[kSymbols];
    Address begin_[kSymbols + 1];
};

// Sizes take three bytes, however small.
void put_size(Address begin, Address end) {
    const auto size = static_cast<std::uint32_t>(end - begin);
    begin[-3] = static_cast<std::uint8_t>(size | 128);
    begin[-2] = static_cast<std::uint8_t>(size >> 7 | 128);
    begin[-1] = static_cast<std::uint8_t>(size >> 14);
}

class Weaver {
public:
    Weaver(Address* strands, Address out) : strands_(strands), out_(out) {
        const auto takes = [&](int from, int to, int operands) {
            for (; from <= to; ++from) operands_[from] = static_cast<std::uint8_t>(operands);
        };
        takes(0x02, 0x04, kOpcode | kMore);
        takes(0x0b, 0x0b, kMore);
        takes(0x0c, 0x0d, kDepth);
        takes(0x0e, 0x0e, kMore);
        takes(0x10, 0x10, kFunction);
        takes(0x11, 0x11, kType | kOpcode << 4);
        takes(0x20, 0x22, kLocal);
        takes(0x23, 0x24, kGlobal);
        takes(0x28, 0x3e, kOpcode | kOffset << 4);
        takes(0x3f, 0x40, kOpcode);
        takes(0x41, 0x41, kI32);
        takes(0x42, 0x42, kI64);
        takes(0x43, 0x44, kMore);
        takes(0xfc, 0xfc, kMore);
    }

    // All of it; answers where it ends.
    Address module(const std::uint8_t* end_of_before, const std::uint8_t* end_of_after) {
        while (strands_[kBefore] < end_of_before) bytes(kBefore, 1);
        const Address code = out_ += 3;
        for (std::uint32_t left = number(kDeclared); left > 0; --left) {
            const Address begin = out_ += 3;
            for (std::uint32_t groups = number(kDeclared); groups > 0; --groups) {
                number(kDeclared);
                bytes(kDeclared, 1);
            }
            function();
            put_size(begin, out_);
        }
        put_size(code, out_);
        while (strands_[kAfter] < end_of_after) bytes(kAfter, 1);
        return out_;
    }

private:
    // Two strands fit in seven bits; beyond them there is something to be done.
    static constexpr std::uint32_t kMore = 0x80;

    void bytes(Strand from, std::uint32_t count) {
        for (; count > 0; --count) *out_++ = *strands_[from]++;
    }
    std::uint32_t number(Strand from) {
        std::uint32_t value = 0;
        for (std::uint32_t shift = 0;; shift += 7) {
            bytes(from, 1);
            value |= (out_[-1] & 127U) << (shift & 31);
            if (out_[-1] < 128) return value;
        }
    }

    // Its instructions. As in tools/instructions.mjs.
    void function() {
        Address out = out_;
        for (std::uint32_t open = 1; open > 0;) {
            const std::uint32_t opcode = *strands_[kOpcode]++;
            *out++ = static_cast<std::uint8_t>(opcode);
            const std::uint32_t operands = operands_[opcode];
            for (std::uint32_t left = operands & ~kMore; left != 0; left >>= 4) {
                Address from = strands_[left & 15];
                std::uint8_t byte = 0;
                do {
                    byte = *from++;
                    *out++ = byte;
                } while (byte >= 128);
                strands_[left & 15] = from;
            }
            if ((operands & kMore) == 0) continue;
            if (opcode <= 0x04) {  // block, loop, if
                ++open;
            } else if (opcode == 0x0b) {  // end
                --open;
            } else {
                out_ = out;
                seldom(opcode);
                out = out_;
            }
        }
        out_ = out;
    }
    void seldom(std::uint32_t opcode) {
        if (opcode == 0x0e) {  // br_table: the one for all else comes last
            for (std::uint32_t left = number(kDepth) + 1; left > 0; --left) number(kDepth);
        } else if (opcode == 0xfc) {  // memory.copy has two operands, memory.fill one
            const std::uint32_t which = number(kOpcode);
            for (std::uint32_t left = which; left == 10 || left == 11; ++left) number(kOpcode);
        } else {  // a number with a fraction
            bytes(kFixed, opcode == 0x43 ? 4 : 8);
        }
    }

    Address* strands_;
    Address out_;
    std::uint8_t operands_[256] = {};
};

}  // namespace

extern "C" std::uint8_t __heap_base;

// Where text_size + 2 * size bytes are to be, and 65,536 more: the text, the module, its strands,
// and what symbols stand for.
extern "C" __attribute__((export_name("room"))) Address room() { return &__heap_base; }

// False, or a trap: the text is not that of a module of this size.
extern "C" __attribute__((export_name("unpack"))) bool unpack(std::uint32_t text_size,
                                                              std::uint32_t size) {
    Text text(room());
    const Address out = room() + text_size;
    Address spelt = out + size;
    const Address symbols = spelt + size;
    Address strands[kStrands];
    Address ends[kStrands];
    for (int i = kOpcode; i < kStrands; ++i) {
        const Symbols table(text, symbols);
        strands[i] = spelt;
        const std::uint32_t count = text.number();
        ends[i] = spelt = table.write(count, text, spelt);
    }
    if (text.at != out || spelt > symbols) return false;
    const Address end = Weaver(strands, out).module(ends[kBefore], ends[kAfter]);
    for (int i = kOpcode; i < kStrands; ++i) {
        if (strands[i] != ends[i]) return false;
    }
    return end == out + size;
}
