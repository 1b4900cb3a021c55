// What runs carry, and which of it is deleted.
//
//   text     units side by side, one byte each (ascii) or two (utf16); one delete bit a unit, kept
//            under the number  data + offset  whatever the width
//   cells    one word for each element of an `any` or `json` run: the address of its bytes, and
//            its delete bit on top
//   values   encoded values and names: canonical Any, JSON texts, binaries
//
// Everything is append-only. Runs of one kind that are written one after another share stretches,
// so that typing and its wire form are copies.
#pragma once

#include <cstdint>

#include "../base/arena.hpp"
#include "../base/bytes.hpp"
#include "../base/utf.hpp"
#include "client_table.hpp"
#include "nodes.hpp"

namespace crdt::detail {

// UTF-8 bytes beyond one of a unit by itself.
[[nodiscard]] constexpr std::uint32_t extra_bytes(char16_t unit) noexcept {
    return (unit >= 0x80 ? 1U : 0U) + (unit >= 0x800 ? 1U : 0U);
}
// Of UTF-16 units by themselves.
[[nodiscard]] Measure measure_units(const char16_t* units, std::uint32_t count) noexcept;

class ContentStore {
public:
    static constexpr std::uint32_t kDeadCell = 0x80000000U;

    ByteArena<true> text;
    ByteArena<false> values;
    Arena<std::uint32_t, 8> cells;

    // -- text ---------------------------------------------------------------------------------

    // `size` bytes can then be taken for this client without a break.
    [[nodiscard]] bool reserve_text(ClientLog& log, std::size_t size) noexcept {
        if (ROPEWALK_LIKELY(size <= log.text_end - log.text_tail)) return true;
        return extend_text(log, size);
    }
    [[nodiscard]] const std::uint8_t* ascii(const Run& run, std::uint32_t offset) const noexcept {
        return text.at(run.data + offset);
    }
    [[nodiscard]] const char16_t* utf16(const Run& run, std::uint32_t offset) const noexcept {
        return reinterpret_cast<const char16_t*>(text.at(run.data)) + offset;
    }
    [[nodiscard]] char16_t* utf16(const Run& run, std::uint32_t offset) noexcept {
        return reinterpret_cast<char16_t*>(text.at(run.data)) + offset;
    }

    // -- values -------------------------------------------------------------------------------

    // Values are stored as varUint size + bytes.
    [[nodiscard]] static std::size_t stored_size(std::size_t size) noexcept {
        return size + var_uint_size(size);
    }
    // requires: stored_size(bytes) reserved in `values`
    std::uint32_t store_value(ByteView bytes) noexcept {
        const auto size = static_cast<std::uint32_t>(stored_size(bytes.size()));
        const std::uint32_t address = values.take(size);
        std::uint8_t* at = put_var_uint(values.at(address), bytes.size());
        if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
        return address;
    }
    // A document is one value, as it goes to the wire: varString id, Any options.
    [[nodiscard]] static std::size_t document_size(std::string_view id, ByteView options) noexcept {
        return stored_size(stored_size(id.size()) + options.size());
    }
    // requires: document_size reserved in `values`
    std::uint32_t store_document(std::string_view id, ByteView options) noexcept {
        const std::size_t size = stored_size(id.size()) + options.size();
        const std::uint32_t address = values.take(static_cast<std::uint32_t>(stored_size(size)));
        std::uint8_t* at = put_var_uint(put_var_uint(values.at(address), size), id.size());
        if (!id.empty()) std::memcpy(at, id.data(), id.size());
        std::memcpy(at + id.size(), options.data(), options.size());
        return address;
    }
    [[nodiscard]] ByteView value(std::uint32_t address) const noexcept {
        const std::uint8_t* at = values.at(address);
        std::size_t size = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint8_t byte = *at++;
            size |= static_cast<std::size_t>(byte & 0x7fU) << shift;
            if (byte < 0x80) break;
        }
        return {at, size};
    }
    [[nodiscard]] ByteView element(const Run& run, std::uint32_t offset) const noexcept {
        return value(run.has_cells() ? cells[run.data + offset] & ~kDeadCell : run.data);
    }

    // The same as a JSON-like value.
    [[nodiscard]] ByteView any(const Run& run, std::uint32_t offset) const noexcept {
        const ByteView stored = element(run, offset);
        if (run.kind != RunKind::json) return stored;
        const std::uint32_t address = cells[run.data + offset] & ~kDeadCell;
        return value(address + static_cast<std::uint32_t>(stored_size(stored.size())));
    }

    // -- embeds and format marks ----------------------------------------------------------------

    // Kept as the JSON text that V1 carries and, behind it, the value for readers; a mark begins
    // with the interned key, in four bytes. Marks with one address hold one and the same value.
    static constexpr std::uint32_t kKeySize = 4;

    // At most what a mark or an embed takes that came as that much JSON text, or as an Any. A
    // number of three characters and a comma may need nine bytes; a byte may become
    // "4294967295":255, .
    [[nodiscard]] static std::size_t rich_size(std::size_t size, bool any = false) noexcept {
        return size * (any ? 20 : 4) + 32;
    }
    // requires: kKeySize reserved; the text and the value are stored next
    std::uint32_t store_key(std::uint32_t key) noexcept {
        const std::uint32_t address = values.take(kKeySize);
        std::memcpy(values.at(address), &key, kKeySize);
        return address;
    }
    [[nodiscard]] std::uint32_t format_key(const Run& run) const noexcept {
        std::uint32_t key = 0;
        std::memcpy(&key, values.at(run.data), kKeySize);
        return key;
    }
    [[nodiscard]] ByteView rich_json(const Run& run) const noexcept {
        return value(run.kind == RunKind::format ? run.data + kKeySize : run.data);
    }
    // A canonical Any.
    [[nodiscard]] ByteView rich_value(const Run& run) const noexcept {
        const ByteView json = rich_json(run);
        const std::uint32_t key = run.kind == RunKind::format ? kKeySize : 0;
        return value(run.data + key + static_cast<std::uint32_t>(stored_size(json.size())));
    }

    // -- deletion -----------------------------------------------------------------------------

    [[nodiscard]] bool deleted(const Run& run, std::uint32_t offset) const noexcept {
        if (ROPEWALK_LIKELY(run.is_text())) {
            const std::uint32_t at = run.data + offset;
            return ((text.bit_word(at) >> (at & 63U)) & 1U) != 0;
        }
        if (run.has_cells()) return (cells[run.data + offset] & kDeadCell) != 0;
        return run.kind <= RunKind::deleted || (run.flags & Run::kDead) != 0;
    }
    void set_deleted(Run& run, std::uint32_t offset, std::uint32_t count) noexcept;
    // The same of a run that is text.
    void set_deleted_text(const Run& run, std::uint32_t offset, std::uint32_t count) noexcept {
        std::uint32_t at = run.data + offset;
        const std::uint32_t end = at + count;
        do {
            const std::uint32_t bit = at & 63U;
            const std::uint32_t here = 64 - bit < end - at ? 64 - bit : end - at;
            text.bit_word(at) |= (~std::uint64_t{0} >> (64 - here)) << bit;
            at += here;
        } while (at < end);
    }

    // Units in a row that are all deleted or none.
    struct Stretch {
        std::uint32_t count;
        bool deleted;
        friend constexpr bool operator==(const Stretch&, const Stretch&) = default;
    };
    // The one that starts at `offset`, as far as `limit` units. requires: limit > 0
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE Stretch stretch(const Run& run,
                                                         std::uint32_t offset,
                                                         std::uint32_t limit) const noexcept {
        if (ROPEWALK_LIKELY(run.is_text())) {
            const std::uint32_t at = run.data + offset;
            const std::uint64_t word = text.bit_word(at);
            const std::uint32_t bit = at & 63U;
            const bool dead = ((word >> bit) & 1U) != 0;
            const std::uint64_t other = (dead ? ~word : word) >> bit;
            if (other != 0) {
                const auto count = static_cast<std::uint32_t>(__builtin_ctzll(other));
                return {count < limit ? count : limit, dead};
            }
            if (64 - bit >= limit) return {limit, dead};
        }
        return long_stretch(run, offset, limit);
    }
    [[nodiscard]] std::uint32_t same_state(const Run& run,
                                           std::uint32_t offset,
                                           std::uint32_t limit) const noexcept {
        return stretch(run, offset, limit).count;
    }

    // -- measures -----------------------------------------------------------------------------

    // Of `count` units from `offset`, as if visible. `units` is always `count`.
    [[nodiscard]] Measure measure(const Run& run,
                                  std::uint32_t offset,
                                  std::uint32_t count) const noexcept {
        if (ROPEWALK_LIKELY(run.kind != RunKind::utf16)) return {count, 0, 0};
        if (count == 1) return {1, 0, extra_bytes(*utf16(run, offset))};
        return measure_utf16(run, offset, count);
    }

    // Whether `count` > 0 visible units of text from `offset` on start and end between characters;
    // what they measure, then. `measure.units` is set already.
    [[nodiscard]] bool whole_characters(const Run& run,
                                        std::uint32_t offset,
                                        std::uint32_t count,
                                        Measure& measure) const noexcept {
        if (ROPEWALK_LIKELY(run.kind == RunKind::ascii)) return true;
        const char16_t* units = utf16(run, offset);
        if (is_low_surrogate(units[0]) || is_high_surrogate(units[count - 1])) return false;
        if (ROPEWALK_LIKELY(count == 1)) {
            measure.extra = extra_bytes(units[0]);
        } else if (count == 2 && is_high_surrogate(units[0]) && is_low_surrogate(units[1])) {
            measure = {2, 1, 2};
        } else {
            measure = measure_units(units, count);
        }
        return true;
    }

    // Of units written behind unit `offset` - 1 of a visible span, with which the first may pair
    // up.
    [[nodiscard]] Measure measure_appended(const Run& run,
                                           std::uint32_t offset,
                                           std::uint32_t count) const noexcept;

private:
    [[nodiscard]] Stretch long_stretch(const Run& run,
                                       std::uint32_t offset,
                                       std::uint32_t limit) const noexcept;
    [[nodiscard]] bool extend_text(ClientLog& log, std::size_t size) noexcept;
    [[nodiscard]] Measure measure_utf16(const Run& run,
                                        std::uint32_t offset,
                                        std::uint32_t count) const noexcept;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/content.ipp"
#endif
