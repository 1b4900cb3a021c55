#include "unicode.hpp"

#include <cstdint>

namespace support {
namespace {

void append(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    const auto tail = [&](unsigned shift) { put(0x80U | ((code >> shift) & 0x3fU)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0U | code >> 6U);
        tail(0);
    } else if (code < 0x10000) {
        put(0xe0U | code >> 12U);
        tail(6);
        tail(0);
    } else {
        put(0xf0U | code >> 18U);
        tail(12);
        tail(6);
        tail(0);
    }
}

}  // namespace

std::string to_wtf8(std::u16string_view units) {
    std::string out;
    out.reserve(units.size());
    for (std::size_t i = 0; i < units.size(); ++i) {
        std::uint32_t code = units[i];
        if (is_high(units[i]) && i + 1 < units.size() && is_low(units[i + 1])) {
            code = 0x10000U + ((code & 0x3ffU) << 10U) + (units[++i] & 0x3ffU);
        }
        append(out, code);
    }
    return out;
}

std::u16string to_utf16(std::string_view wtf8) {
    std::u16string out;
    out.reserve(wtf8.size());
    for (std::size_t i = 0; i < wtf8.size();) {
        const auto lead = static_cast<unsigned char>(wtf8[i]);
        const unsigned more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        std::uint32_t code = more == 0 ? lead : lead & (0x3fU >> more);
        for (unsigned k = 1; k <= more && i + k < wtf8.size(); ++k) {
            code = code << 6U | (static_cast<unsigned char>(wtf8[i + k]) & 0x3fU);
        }
        i += more + 1;
        if (code >= 0x10000) {
            out.push_back(static_cast<char16_t>(0xd7c0U + (code >> 10U)));
            code = 0xdc00U | (code & 0x3ffU);
        }
        out.push_back(static_cast<char16_t>(code));
    }
    return out;
}

std::string to_utf8(std::string_view wtf8) {
    std::string out(wtf8);
    for (std::size_t at = out.find('\xed'); at < out.size(); at = out.find('\xed', at + 3)) {
        if (at + 2 < out.size() && static_cast<unsigned char>(out[at + 1]) >= 0xa0) {
            out.replace(at, 3, "\xef\xbf\xbd");
        }
    }
    return out;
}

}  // namespace support
