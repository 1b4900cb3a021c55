// What the next byte of a WebAssembly module is: an instruction, the number of a local, an
// offset... Told from the bytes so far; in what is no module it means nothing, but the same to both
// sides.
#pragma once

#include <cstdint>

namespace packing {

enum Kind : std::uint8_t {
    kOpcode,
    kBlock,  // and whatever has one byte, nearly always the same
    kDepth,
    kFunction,
    kType,
    kLocal,
    kGlobal,
    kAlignment,
    kOffset,
    kI32,
    kI64,
    kFixed,
    kOther,  // of sections without code
    kSize,   // of sections, of functions, and their number
    kDeclared,
    kKinds,
};
constexpr std::uint32_t kPlaces = kKinds * 2;

class Instructions {
public:
    Instructions() {
        const auto takes = [&](std::uint32_t from, std::uint32_t to, std::uint32_t kinds) {
            for (; from <= to; ++from) operands_[from] = static_cast<std::uint8_t>(kinds);
        };
        takes(0x02, 0x04, kBlock);
        takes(0x0c, 0x0e, kDepth);
        takes(0x10, 0x10, kFunction);
        takes(0x11, 0x11, kType | kBlock << 4);
        takes(0x20, 0x22, kLocal);
        takes(0x23, 0x24, kGlobal);
        takes(0x28, 0x3e, kAlignment | kOffset << 4);
        takes(0x3f, 0x40, kBlock);
        takes(0x41, 0x41, kI32);
        takes(0x42, 0x42, kI64);
        takes(0x43, 0x44, kFixed);
        takes(0xfc, 0xfc, kBlock);
    }

    // Less than kPlaces: the kind, and whether a number has begun before.
    std::uint32_t place() const { return kind_ * 2U + (shift_ == 0 ? 0U : 1U); }
    bool is_opcode() const { return kind_ == kOpcode; }

    void step(std::uint8_t byte) {
        ++at_;
        if (kind_ == kOpcode) {
            opcode_ = byte;
            waiting_ = operands_[byte];
            return next_operand();
        }
        if (kind_ >= kFixed) return elsewhere(byte);
        if (!ends(byte)) return;
        if (opcode_ == 0x0e) {  // br_table: how many labels, and the one for all else
            labels_ = number_ + 1;
            opcode_ = 0;
        } else if (opcode_ == 0xfc) {  // of which the compiler writes memory.copy and memory.fill
            waiting_ = number_ == 10 ? kBlock | kBlock << 4 : (number_ == 11 ? kBlock : 0);
            opcode_ = 0;
        }
        next_operand();
    }

private:
    enum Part : std::uint8_t {
        kHeader,
        kSectionId,
        kSectionSize,
        kBytes,
        kFunctions,
        kFunctionSize,
        kGroups,
        kLocals,
        kTypeOfLocals,
        kCode,
    };
    static constexpr std::uint8_t kCodeSection = 10;

    void enter(Part part, Kind kind) {
        part_ = part;
        expect(kind);
    }
    void expect(std::uint32_t kind) {
        kind_ = static_cast<Kind>(kind);
        number_ = 0;
        shift_ = 0;
    }

    // Another byte of a number: was it the last?
    bool ends(std::uint8_t byte) {
        number_ |= static_cast<std::uint32_t>(byte & 0x7f) << (shift_ & 31);
        shift_ += 7;
        return (byte & 0x80) == 0;
    }

    void next_operand() {
        if (waiting_ != 0) {
            expect(waiting_ & 15);
            waiting_ >>= 4;
            fixed_ = opcode_ == 0x43 ? 4 : 8;
        } else if (labels_ > 0) {
            --labels_;
            expect(kDepth);
        } else {
            next_instruction();
        }
    }

    void next_instruction() {
        if (at_ < function_end_) return enter(kCode, kOpcode);
        if (at_ < section_end_) return enter(kFunctionSize, kSize);
        enter(kSectionId, kOther);
    }

    // Of what is no instruction.
    void elsewhere(std::uint8_t byte) {
        switch (part_) {
            case kHeader:
                if (at_ == 8) enter(kSectionId, kOther);
                return;
            case kSectionId:
                section_ = byte;
                return enter(kSectionSize, kSize);
            case kBytes:
                if (at_ >= section_end_) enter(kSectionId, kOther);
                return;
            case kTypeOfLocals:
                if (--groups_ > 0) return enter(kLocals, kDeclared);
                return next_instruction();
            case kCode:
                if (--fixed_ == 0) next_operand();
                return;
            default:
                if (ends(byte)) number_ends();
        }
    }

    void number_ends() {
        switch (part_) {
            case kSectionSize:
                section_end_ = at_ + number_;
                if (section_ == kCodeSection) return enter(kFunctions, kSize);
                return enter(number_ == 0 ? kSectionId : kBytes, kOther);
            case kFunctions:
                return enter(kFunctionSize, kSize);
            case kFunctionSize:
                function_end_ = at_ + number_;
                return enter(kGroups, kDeclared);
            case kGroups:
                groups_ = number_;
                if (groups_ > 0) return enter(kLocals, kDeclared);
                return next_instruction();
            default:
                return enter(kTypeOfLocals, kDeclared);
        }
    }

    std::uint8_t operands_[256] = {};  // of each opcode: up to two kinds, the first one low
    Part part_ = kHeader;
    Kind kind_ = kOther;
    std::uint8_t section_ = 0;
    std::uint8_t opcode_ = 0;
    std::uint32_t waiting_ = 0;  // kinds of operands
    std::uint32_t labels_ = 0;
    std::uint32_t fixed_ = 0;
    std::uint32_t groups_ = 0;
    std::uint32_t at_ = 0;
    std::uint32_t section_end_ = 0;
    std::uint32_t function_end_ = 0;
    std::uint32_t number_ = 0;
    std::uint32_t shift_ = 0;
};

}  // namespace packing
