// The bytes so far, and where in them those of each kind of place stand.
#pragma once

#include <cstdint>

#include "instructions.hpp"
#include "strands.hpp"

namespace packing {

class History {
public:
    // Room for `size` bytes in `bytes`, and as many numbers in `lists`.
    History(std::uint8_t* bytes, std::uint32_t* lists, std::uint32_t size)
        : bytes_(bytes), lists_(lists), size_(size) {}

    // How many bytes each kind of place has, less than 2^24; false: not as many as there are. Who
    // reads gives nullptr.
    template <class Coder>
    bool code_counts(Coder& coder, const std::uint32_t* given) {
        std::uint32_t sum = 0;
        for (std::uint32_t place = 0; place < kPlaces; ++place) {
            const std::uint32_t count = given == nullptr ? 0 : given[place];
            begin_[place] = end_[place] = sum;
            const std::uint32_t high = coder.direct(12, count >> 12);
            sum += high << 12 | coder.direct(12, count & 0xfff);
            if (sum > size_) return false;
            limit_[place] = sum;
        }
        return sum == size_;
    }

    std::uint32_t at() const { return at_; }
    bool is_full() const { return at_ == size_; }
    std::uint32_t place() const { return instructions_.place(); }
    bool is_opcode() const { return instructions_.is_opcode(); }
    std::uint8_t back(std::uint32_t distance) const { return bytes_[at_ - distance]; }

    // The byte distance of the place of this kind that lies so many of them back; 0: there is none.
    std::uint32_t there(std::uint32_t index) const {
        const std::uint32_t place = instructions_.place();
        const std::uint32_t count = end_[place] - begin_[place];
        return index >= count ? 0 : at_ - lists_[end_[place] - 1 - index];
    }
    void put(std::uint8_t byte) {
        const std::uint32_t place = instructions_.place();
        if (end_[place] < limit_[place]) lists_[end_[place]++] = at_;
        bytes_[at_++] = byte;
        instructions_.step(byte);
    }

private:
    std::uint8_t* bytes_;
    std::uint32_t* lists_;
    std::uint32_t size_;
    std::uint32_t at_ = 0;
    Instructions instructions_;
    std::uint32_t begin_[kPlaces];
    std::uint32_t end_[kPlaces];
    std::uint32_t limit_[kPlaces];
};

}  // namespace packing
