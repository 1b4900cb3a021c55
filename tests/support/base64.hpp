// Standard base64 with padding.
#pragma once

#include <string>
#include <string_view>

namespace support {

[[nodiscard]] std::string to_base64(std::string_view bytes);
// Throws std::runtime_error where the text is not base64.
[[nodiscard]] std::string from_base64(std::string_view text);

}  // namespace support
