#pragma once

#include "../../base/result.hpp"

namespace crdt {

namespace detail {

// Of what is stored; left out where nothing is (ROPEWALK_NO_STORAGE), for its bytes.
inline const char* describe_stored(ErrorCode code) noexcept {
#if !defined(ROPEWALK_NO_STORAGE)
    switch (code) {
        case ErrorCode::not_found:
            return "there is no such file; check the path, or create it";
        case ErrorCode::not_permitted:
            return "the system does not permit it; check owner and mode of the file and its folder";
        case ErrorCode::no_space:
            return "the disk is full; free some space and try again, what was acknowledged is safe";
        case ErrorCode::io_failed:
            return "reading or writing failed; look the number up and check the disk and the "
                   "system's log";
        case ErrorCode::in_use:
            return "the document is open for writing elsewhere; close it there, or open it for "
                   "reading";
        case ErrorCode::read_only:
            return "the document was opened for reading; open it for writing";
        case ErrorCode::store_failed:
            return "an earlier write or sync failed, so nobody knows what is durable since; close "
                   "the document and open it again";
        case ErrorCode::not_ours:
            return "these bytes were not written by Ropewalk; check the path";
        case ErrorCode::newer_format:
            return "written by a newer version of Ropewalk; update this one";
        case ErrorCode::other_document:
            return "belongs to another document; were files mixed up or copied?";
        case ErrorCode::damaged:
            return "stored bytes are not those that were written; run `python -m ropewalk verify`, "
                   "then `repair`";
        case ErrorCode::incomplete:
            return "builds on changes that are not here; merge it with what came before and try "
                   "again";
        case ErrorCode::unknown_epoch:
            return "no map leads from or to that epoch; export the old copy and open the document "
                   "anew";
        default:
            break;
    }
#endif
    static_cast<void>(code);
    return "unknown error code";
}

}  // namespace detail

ROPEWALK_INLINE const char* describe(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::ok:
            return "no error";
        case ErrorCode::unexpected_end:
            return "input ends inside a value; was the frame cut?";
        case ErrorCode::invalid_varint:
            return "number above 2^53-1 or without its last byte; is this a Yjs update?";
        case ErrorCode::invalid_utf8:
            return "text is not well-formed UTF-8; send strings as UTF-8, without encoded "
                   "surrogates";
        case ErrorCode::invalid_json:
            return "JSON text is not well-formed; write it with a JSON serialiser";
        case ErrorCode::unknown_tag:
            return "unknown tag of a value; is the sender newer than this library?";
        case ErrorCode::unknown_content:
            return "unknown kind of struct or type; is the sender newer than this library?";
        case ErrorCode::invalid_struct:
            return "struct that no editor can have made; ask the sender for its whole state";
        case ErrorCode::invalid_message:
            return "message whose parts contradict one another; check the protocol of the sender";
        case ErrorCode::unknown_message:
            return "message of an unknown kind; is the sender newer than this library?";
        case ErrorCode::limit_exceeded:
            return "more than the limits allow; raise the field of crdt::Limits or split the "
                   "update";
        case ErrorCode::nesting_too_deep:
            return "values are nested too deeply; raise Limits::nesting or flatten them";
        case ErrorCode::index_out_of_range:
            return "index is past the end; compare it with the length first";
        case ErrorCode::inside_character:
            return "position is inside a character; move it to a character's first byte or unit";
        case ErrorCode::wrong_type:
            return "this name holds a shared type of another kind; use the type it was made with";
        case ErrorCode::deleted_type:
            return "the shared type was deleted; fetch it again from its parent";
        case ErrorCode::invalid_argument:
            return "argument is not valid here; see the function's requirements";
        case ErrorCode::no_document:
            return "the handle belongs to no document; take it from a Doc";
        case ErrorCode::collected:
            return "the document forgets deleted content, so an earlier state cannot be restored; "
                   "make it with DocOptions::collect off";
        case ErrorCode::out_of_memory:
            return "memory is exhausted; nothing was changed, free some and try again";
        default:
            return detail::describe_stored(code);
    }
}

ROPEWALK_INLINE std::string Error::message() const {
    const char* text = describe(code);
    const char* place = nullptr;
    switch (code) {
        case ErrorCode::unexpected_end:
        case ErrorCode::invalid_varint:
        case ErrorCode::invalid_utf8:
        case ErrorCode::invalid_json:
        case ErrorCode::unknown_tag:
        case ErrorCode::unknown_content:
        case ErrorCode::invalid_struct:
        case ErrorCode::invalid_message:
        case ErrorCode::unknown_message:
        case ErrorCode::limit_exceeded:
        case ErrorCode::nesting_too_deep:
        case ErrorCode::damaged:
            place = " at byte ";
            break;
        case ErrorCode::io_failed:
            place = " with errno ";
            break;
        case ErrorCode::index_out_of_range:
        case ErrorCode::inside_character:
            place = " at index ";
            break;
        default:
            break;
    }
    std::string sentence;
    const char* advice = text;
    while (*advice != '\0' && *advice != ';') ++advice;
    sentence.append(text, advice);
    if (place != nullptr) {
        sentence += place;
        sentence += std::to_string(offset);
    }
    sentence += advice;
    return sentence;
}

}  // namespace crdt
