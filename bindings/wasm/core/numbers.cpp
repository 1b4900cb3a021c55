// Numbers as text are JavaScript's own.
#include "border.hpp"

namespace ropewalk {

RW_IMPORT(number_to_text) std::uint32_t host_number_to_text(double value, char* out);
RW_IMPORT(text_to_number) double host_text_to_number(const char* text, std::uint32_t size);

}  // namespace ropewalk

extern "C" std::uint32_t ropewalk_number_to_text(double value, char* out) noexcept {
    return ropewalk::host_number_to_text(value, out);
}
extern "C" double ropewalk_text_to_number(const char* text, std::uint32_t size) noexcept {
    return ropewalk::host_text_to_number(text, size);
}
