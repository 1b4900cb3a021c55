#pragma once

#include "../../codec/any.hpp"
#include "../../codec/columns_v2.hpp"
#include "../../codec/update_v2.hpp"
#include "rebuilt.ipp"

namespace crdt::detail {

// The columns of one update and its rest stream, each with its place. Functions are false on
// failure, with code_ and bad_ set.
class UpdateColumns {
public:
    UpdateColumns(ByteView input, const Limits& limits, DecodedUpdate& out) noexcept
        : begin_(input.data()), end_(begin_ + input.size()), limits_(limits), out_(out) {}

protected:
    using Cursor = const std::uint8_t*;

    ROPEWALK_NEVER_INLINE bool fail(ErrorCode code, Cursor at) noexcept {
        code_ = code;
        bad_ = at;
        return false;
    }
    template <class Column>
    ROPEWALK_NEVER_INLINE bool fail_in(const Column& column) noexcept {
        return fail(column.at_end() ? ErrorCode::unexpected_end : ErrorCode::invalid_varint,
                    column.at());
    }
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - p_); }
    [[nodiscard]] Slice slice(Cursor from, std::size_t size) const noexcept {
        return {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(size)};
    }

    // -- the rest stream --------------------------------------------------------------------------

    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool number(std::uint64_t& value) noexcept {
        if (ROPEWALK_LIKELY(read_var_uint(p_, end_, value))) return true;
        return fail(p_ == end_ ? ErrorCode::unexpected_end : ErrorCode::invalid_varint, p_);
    }
    // A number of things that take at least `least` bytes each.
    [[nodiscard]] bool count(std::size_t least, std::uint64_t& value) noexcept {
        const Cursor at = p_;
        if (!number(value)) return false;
        return value <= left() / least || fail(ErrorCode::unexpected_end, at);
    }
    [[nodiscard]] bool var_bytes(Slice& bytes) noexcept {
        std::uint64_t size = 0;
        if (!count(1, size)) return false;
        bytes = slice(p_, static_cast<std::size_t>(size));
        p_ += size;
        return true;
    }

    [[nodiscard]] bool columns() noexcept {
        p_ = begin_;
        std::uint64_t feature_flag = 0;
        ByteView strings;
        return number(feature_flag) && column(key_numbers_) && column(clients_) &&
               column(left_clocks_) && column(right_clocks_) && column(infos_) &&
               column_bytes(strings) && open_strings(strings) && column(parents_) &&
               column(type_refs_) && column(lengths_);
    }
    [[nodiscard]] bool column_bytes(ByteView& bytes) noexcept {
        Slice slice;
        if (!var_bytes(slice)) return false;
        bytes = {begin_ + slice.offset, slice.size};
        return true;
    }
    template <class Column>
    [[nodiscard]] bool column(Column& column) noexcept {
        ByteView bytes;
        if (!column_bytes(bytes)) return false;
        column = Column(bytes);
        return true;
    }
    [[nodiscard]] bool open_strings(ByteView bytes) noexcept {
        const Error error = strings_.open(bytes);
        return error.code == ErrorCode::ok || fail(error.code, bytes.data() + error.offset);
    }

    // -- texts ------------------------------------------------------------------------------------

    [[nodiscard]] bool room(std::size_t more) noexcept {
        const ErrorCode code = rebuilt_.room(more);
        return code == ErrorCode::ok || fail(code, p_);
    }
    [[nodiscard]] bool rebuild(const ColumnText& text, bool keep_halves, Slice& to) noexcept {
        const ErrorCode code = rebuilt_.text(text, keep_halves, to);
        return code == ErrorCode::ok || fail(code, p_);
    }
    // A name, key, guid or JSON text: valid UTF-8.
    [[nodiscard]] bool text(Slice& to) noexcept {
        ColumnText text;
        if (!strings_.read(text)) return fail_in(strings_);
        if (ROPEWALK_UNLIKELY(text.has_halves())) return rebuild(text, false, to);
        to = slice(text.from, text.size);
        return true;
    }
    // A name that may have been named before.
    [[nodiscard]] bool name(Slice& to) noexcept {
        std::uint64_t number = 0;
        if (!key_numbers_.read(number)) return fail_in(key_numbers_);
        if (number < names_.size()) {
            to = names_[static_cast<std::size_t>(number)];
            return true;
        }
        if (!text(to)) return false;
        return names_.push_back(to) || fail(ErrorCode::out_of_memory, p_);
    }

    [[nodiscard]] bool any(ByteView& encoded, bool& canonical) noexcept {
        Cursor at = p_;
        const Error error = validate_any(at, end_, limits_, canonical);
        if (ROPEWALK_UNLIKELY(error.code != ErrorCode::ok)) return fail(error.code, at);
        encoded = {p_, at};
        p_ = at;
        return true;
    }
    const Cursor begin_;
    const Cursor end_;
    Cursor p_ = nullptr;  // in the rest stream
    const Limits& limits_;
    DecodedUpdate& out_;
    Rebuilt rebuilt_{{begin_, end_}, out_.rebuilt};

    UintOptRleReader clients_;
    IntDiffOptRleReader left_clocks_;
    IntDiffOptRleReader right_clocks_;
    RleReader infos_;
    StringColumnReader strings_;
    RleReader parents_;
    UintOptRleReader type_refs_;
    UintOptRleReader lengths_;
    IntDiffOptRleReader key_numbers_;

    Vec<Slice> names_;  // by key number

    ErrorCode code_ = ErrorCode::ok;
    Cursor bad_ = nullptr;
};

}  // namespace crdt::detail
