// Numbers as text, as JavaScript writes and reads them.
//
// Where the engine runs inside JavaScript (ROPEWALK_HOST_NUMBERS) the host does both: its own rules
// are exactly these, and tables of digits would double what a browser has to load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../config.hpp"

#if defined(ROPEWALK_HOST_NUMBERS)
extern "C" {
// Writes the number in ASCII, at most crdt::detail::kMaxNumberText bytes; returns how many.
std::uint32_t ropewalk_number_to_text(double value, char* out) noexcept;
double ropewalk_text_to_number(const char* text, std::uint32_t size) noexcept;
}
#endif

namespace crdt::detail {

// Writes a finite number: shortest digits that read back as the same number, an exponent from 1e21
// on and below 1e-6; -0 is 0. requires: room for kMaxNumberText. Returns the end.
inline constexpr std::size_t kMaxNumberText = 32;
std::uint8_t* put_number_text(std::uint8_t* p, double value) noexcept;

// The nearest number to what JSON allows as one. False: memory is exhausted.
[[nodiscard]] bool read_number_text(std::string_view text, double& value) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/number_text.ipp"
#endif
