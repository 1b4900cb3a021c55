// The form in which update/ works on updates of V2: V1, and with bit 16 of the info byte
//
//   string   text in which lone surrogates stand as three bytes
//   embed    an Any instead of JSON text
//   format   varString key, then an Any instead of JSON text
//
// which V2 can say and V1 cannot. It never leaves this room.
#pragma once

#include "../codec/update_v2.hpp"
#include "../codec/update_writer.hpp"
#include "update_block.hpp"

namespace crdt::detail {

// Appends.
[[nodiscard]] Error exact_of_v2(ByteView update, const Limits& limits, Bytes& out) noexcept;
// requires: what this room has written
[[nodiscard]] Result<Bytes> v2_of_exact(ByteView update) noexcept;

// An input in either format as the functions of this room read it.
class ReadableUpdate {
public:
    [[nodiscard]] Error open(ByteView update, UpdateFormat format, const Limits& limits) noexcept {
        form_ = format == UpdateFormat::v1 ? UpdateForm::v1 : UpdateForm::exact;
        limits_ = limits;
        bytes_ = update;
        if (format == UpdateFormat::v1) return {};
        const Error error = exact_of_v2(update, limits, made_);
        bytes_ = made_;
        // The decoder has held it against the limits; in this form it is larger.
        limits_.update_bytes = 0;
        limits_.structs = 0xffffffffU;
        return error;
    }
    [[nodiscard]] UpdateReader reader() const noexcept { return {bytes_, form_, limits_}; }
    [[nodiscard]] UpdateForm form() const noexcept { return form_; }
    [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }

private:
    Bytes made_;
    ByteView bytes_;
    Limits limits_;
    UpdateForm form_ = UpdateForm::v1;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/exact_form.ipp"
#endif
