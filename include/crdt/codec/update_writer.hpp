// Writing updates struct by struct, without a document, in either format. Both writers have the
// same functions; put_block() copies a decoded block whatever format it was read from.
//
//   UpdateWriterV2 out(bytes);                   // or UpdateWriterV1
//   out.begin_section(client, clock);            // clients descending; clocks go on by themselves
//   put_block(out, update, block, cut);          // without its first `cut` units
//   out.skip(length);                            // a hole
//   out.deletes(set);                            // the structs are over
//   Status status = out.finish();                // out of memory is told here, and only here
//
// A struct by its parts, in this order: info, then left and right id, then parent and key (only if
// there is neither id), then the content. The order of sections is the caller's.
#pragma once

#include <cstdint>

#include "../base/id_set.hpp"
#include "any_to_json.hpp"
#include "columns_v2.hpp"
#include "json_to_any.hpp"
#include "update_v1.hpp"

namespace crdt::detail {

// A number that is known only later gets five bytes, enough for 32 bits; what was written behind
// them moves back when it is there.
inline constexpr std::size_t kCountHole = 5;
// False: memory is exhausted.
[[nodiscard]] inline bool open_count(Vec<std::uint8_t>& out, std::size_t& hole) noexcept {
    if (!out.reserve_more(kCountHole)) return false;
    hole = out.size();
    out.set_size(hole + kCountHole);
    return true;
}
// requires: count has 32 bits
inline void close_count(Vec<std::uint8_t>& out, std::size_t hole, std::uint64_t count) noexcept {
    const std::size_t behind = hole + kCountHole;
    const std::uint8_t* const end = put_var_uint(out.data() + hole, count);
    const auto size = static_cast<std::size_t>(end - out.data()) - hole;
    std::memmove(out.data() + hole + size, out.data() + behind, out.size() - behind);
    out.set_size(out.size() - (kCountHole - size));
}

// The counts of sections, of structs in a section, and of clients in the delete set.
class UpdateCounts {
public:
    [[nodiscard]] bool begin_section(Vec<std::uint8_t>& out) noexcept;
    void count_struct() noexcept { ++structs_; }
    // Ends the structs.
    [[nodiscard]] bool begin_deletes(Vec<std::uint8_t>& out) noexcept;
    void count_client() noexcept { ++clients_; }
    // Ends the delete set.
    [[nodiscard]] bool finish(Vec<std::uint8_t>& out) noexcept;

private:
    void end_section(Vec<std::uint8_t>& out) noexcept;

    static constexpr std::size_t kNoHole = ~std::size_t{0};
    std::size_t sections_hole_ = kNoHole;
    std::size_t section_hole_ = kNoHole;
    std::size_t clients_hole_ = kNoHole;
    std::uint64_t sections_ = 0;
    std::uint64_t structs_ = 0;
    std::uint64_t clients_ = 0;
};

class UpdateWriterV1 {
public:
    // Appends to `out` from the start.
    explicit UpdateWriterV1(Bytes& out) noexcept : UpdateWriterV1(out.storage()) {}
    // For encoders that write all else themselves: then only structs, without begin or finish.
    explicit UpdateWriterV1(Vec<std::uint8_t>& out) noexcept : bytes_(out), out_(out) {}
    void clock(std::uint64_t clock) noexcept { out_.var_uint(clock); }
    [[nodiscard]] bool ok() const noexcept { return ok_ && out_.ok(); }

    void begin_section(std::uint64_t client, std::uint64_t clock) noexcept {
        ok_ = ok_ && counts_.begin_section(bytes_);
        out_.var_uint(client);
        out_.var_uint(clock);
    }
    void gc(std::uint64_t length) noexcept { range(ContentKind::gc, length); }
    void skip(std::uint64_t length) noexcept { range(ContentKind::skip, length); }

    void info(unsigned info) noexcept {
        counts_.count_struct();
        out_.byte(static_cast<std::uint8_t>(info));
    }
    void left_id(std::uint64_t client, std::uint64_t clock) noexcept { id(client, clock); }
    void right_id(std::uint64_t client, std::uint64_t clock) noexcept { id(client, clock); }
    void parent_root(ByteView name) noexcept {
        out_.var_uint(1);
        out_.var_bytes(name);
    }
    void parent_item(std::uint64_t client, std::uint64_t clock) noexcept {
        out_.var_uint(0);
        id(client, clock);
    }
    void key(ByteView key) noexcept { out_.var_bytes(key); }

    void length(std::uint64_t length) noexcept { out_.var_uint(length); }  // Deleted, Any, JSON
    void string(ByteView utf8, std::uint32_t /*units*/) noexcept { out_.var_bytes(utf8); }
    void wtf8(ByteView text, std::uint32_t /*units*/) noexcept;
    void binary(ByteView bytes) noexcept { out_.var_bytes(bytes); }
    void any(ByteView encoded) noexcept { out_.raw(encoded); }
    // A legacy JSON text; a guid.
    void text(ByteView utf8) noexcept { out_.var_bytes(utf8); }
    // The value of an embed or a format: JSON text, or an Any that JSON cannot say.
    void json_text(ByteView json) noexcept { out_.var_bytes(json); }
    void json_any(ByteView encoded) noexcept;
    void type_ref(std::uint64_t ref) noexcept { out_.var_uint(ref); }
    void name(ByteView name) noexcept { out_.var_bytes(name); }  // of a format or an XML type

    // Each of this once, instead of deletes(): begin_deletes, clients, their ranges ascending.
    void begin_deletes() noexcept { ok_ = ok_ && counts_.begin_deletes(bytes_); }
    void delete_client(std::uint64_t client, std::uint64_t ranges) noexcept {
        counts_.count_client();
        out_.var_uint(client);
        out_.var_uint(ranges);
    }
    // A range that ends at kEndOfClocks is open.
    void delete_range(std::uint32_t clock, std::uint32_t length) noexcept {
        out_.var_uint(clock);
        out_.var_uint(clock + length == kEndOfClocks ? kMaxVarUint - clock : length);
    }
    void deletes(const IdSet& set) noexcept;
    void fail() noexcept { ok_ = false; }  // memory is exhausted
    [[nodiscard]] Status finish() noexcept {
        if (ok() && counts_.finish(bytes_)) return {};
        return ErrorCode::out_of_memory;
    }

private:
    void range(ContentKind kind, std::uint64_t length) noexcept {
        info(static_cast<unsigned>(kind));
        out_.var_uint(length);
    }
    void id(std::uint64_t client, std::uint64_t clock) noexcept {
        out_.var_uint(client);
        out_.var_uint(clock);
    }

    Vec<std::uint8_t>& bytes_;
    Writer out_;
    UpdateCounts counts_;
    bool ok_ = true;
};

class UpdateWriterV2 {
public:
    // Nothing is written to `out` before finish(), which appends.
    explicit UpdateWriterV2(Bytes& out) noexcept : bytes_(out.storage()), rest_(rest_bytes_) {}

    void begin_section(std::uint64_t client, std::uint64_t clock) noexcept {
        ok_ = ok_ && counts_.begin_section(rest_bytes_);
        clients_.write(client);
        rest_.var_uint(clock);
    }
    void gc(std::uint64_t length) noexcept {
        info(static_cast<unsigned>(ContentKind::gc));
        lengths_.write(length);
    }
    void skip(std::uint64_t length) noexcept {
        info(static_cast<unsigned>(ContentKind::skip));
        rest_.var_uint(length);
    }

    void info(unsigned info) noexcept {
        counts_.count_struct();
        infos_.write(static_cast<std::uint8_t>(info));
    }
    void left_id(std::uint64_t client, std::uint64_t clock) noexcept {
        clients_.write(client);
        left_clocks_.write(clock);
    }
    void right_id(std::uint64_t client, std::uint64_t clock) noexcept {
        clients_.write(client);
        right_clocks_.write(clock);
    }
    void parent_root(ByteView name) noexcept {
        parents_.write(1);
        strings_.write(name);
    }
    void parent_item(std::uint64_t client, std::uint64_t clock) noexcept {
        parents_.write(0);
        left_id(client, clock);
    }
    void key(ByteView key) noexcept { strings_.write(key); }

    void length(std::uint64_t length) noexcept { lengths_.write(length); }
    void string(ByteView utf8, std::uint32_t units) noexcept { strings_.write(utf8, units); }
    void wtf8(ByteView text, std::uint32_t units) noexcept {
        strings_.append_wtf8(text);
        strings_.end_text(units);
    }
    void binary(ByteView bytes) noexcept { rest_.var_bytes(bytes); }
    void any(ByteView encoded) noexcept { rest_.raw(encoded); }
    void text(ByteView utf8) noexcept { strings_.write(utf8); }
    void json_text(ByteView json) noexcept;
    void json_any(ByteView encoded) noexcept { rest_.raw(encoded); }
    void type_ref(std::uint64_t ref) noexcept { type_refs_.write(ref); }
    // Numbers could repeat known names; Yjs means to and never does. Equal bytes, so neither do we.
    void name(ByteView name) noexcept {
        key_numbers_.write(keys_++);
        strings_.write(name);
    }
    // For texts that are not UTF-8: append them, then end_text().
    [[nodiscard]] StringColumnWriter& strings() noexcept { return strings_; }

    void begin_deletes() noexcept { ok_ = ok_ && counts_.begin_deletes(rest_bytes_); }
    void delete_client(std::uint64_t client, std::uint64_t ranges) noexcept {
        counts_.count_client();
        rest_.var_uint(client);
        rest_.var_uint(ranges);
        deleted_to_ = 0;
    }
    void delete_range(std::uint32_t clock, std::uint32_t length) noexcept {
        rest_.var_uint(clock - deleted_to_);
        deleted_to_ = clock + length;
        rest_.var_uint((deleted_to_ == kEndOfClocks ? kMaxVarUint - clock : length) - 1);
    }
    void deletes(const IdSet& set) noexcept;
    void fail() noexcept { ok_ = false; }
    [[nodiscard]] Status finish() noexcept;

private:
    Vec<std::uint8_t>& bytes_;
    UintOptRleWriter clients_;
    IntDiffOptRleWriter left_clocks_;
    IntDiffOptRleWriter right_clocks_;
    RleWriter infos_;
    StringColumnWriter strings_;
    RleWriter parents_;
    UintOptRleWriter lengths_;
    UintOptRleWriter type_refs_;
    IntDiffOptRleWriter key_numbers_;
    Vec<std::uint8_t> rest_bytes_;
    Writer rest_;
    UpdateCounts counts_;
    std::uint64_t keys_ = 0;
    std::uint32_t deleted_to_ = 0;
    bool ok_ = true;
};

// Writes a block that was decoded from either format, without its first `cut` units: those that
// are left then have the unit in front of them as their origin.
// requires: cut < block.length
template <class UpdateWriter>
void put_block(UpdateWriter& out,
               const DecodedUpdate& update,
               const BlockView& block,
               std::uint32_t cut = 0) noexcept;

}  // namespace crdt::detail

#include "../impl/codec/put_block.ipp"
#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/update_writer.ipp"
#endif
