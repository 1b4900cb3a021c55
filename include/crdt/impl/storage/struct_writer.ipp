#pragma once

#include "../../storage/struct_writer.hpp"

namespace crdt::detail {

ROPEWALK_INLINE ContentKind StructWriter::kind_of(RunKind kind, bool deleted) noexcept {
    if (deleted) return ContentKind::deleted;
    switch (kind) {
        case RunKind::ascii:
        case RunKind::utf16:
            return ContentKind::string;
        case RunKind::any:
            return ContentKind::any;
        case RunKind::json:
            return ContentKind::json;
        case RunKind::binary:
            return ContentKind::binary;
        case RunKind::embed:
            return ContentKind::embed;
        case RunKind::format:
            return ContentKind::format;
        case RunKind::type:
            return ContentKind::type;
        case RunKind::document:
            return ContentKind::document;
        case RunKind::gc:
        case RunKind::deleted:
            break;
    }
    return ContentKind::deleted;
}

ROPEWALK_INLINE void StructWriter::close() noexcept {
    switch (kind_) {
        case ContentKind::gc:
            out_.gc(length_);
            break;
        case ContentKind::string:
            out_.strings().end_text(length_);
            break;
        case ContentKind::deleted:
        case ContentKind::any:
        case ContentKind::json:
            out_.length(length_);
            break;
        default:
            break;
    }
    kind_ = ContentKind::skip;
    length_ = 0;
}

ROPEWALK_INLINE void StructWriter::add_gc(std::uint32_t count) noexcept {
    if (kind_ != ContentKind::gc) close();
    kind_ = ContentKind::gc;
    length_ += count;
    clock_ += count;
}

ROPEWALK_INLINE void StructWriter::add(RunPos unit,
                                       std::uint32_t count,
                                       bool deleted,
                                       const UpdateId& origin,
                                       const UpdateId& right,
                                       const NewParent& parent) noexcept {
    const ContentKind kind = kind_of(store_.runs[unit.run].kind, deleted);
    const bool joins = kind == ContentKind::string || kind == ContentKind::any ||
                       kind == ContentKind::json || kind == ContentKind::deleted;
    if (!joins || kind != kind_ || origin != last() || right != right_) {
        close();
        head(kind, origin, right, parent);
        kind_ = kind;
        right_ = right;
    }
    content(kind, unit, count);
    length_ += count;
    clock_ += count;
}

ROPEWALK_INLINE void StructWriter::head(ContentKind kind,
                                        const UpdateId& origin,
                                        const UpdateId& right,
                                        const NewParent& parent) noexcept {
    const bool orphan = !origin.exists && !right.exists;
    auto info = static_cast<unsigned>(kind);
    if (origin.exists) info |= kHasOrigin;
    if (right.exists) info |= kHasRight;
    if (orphan && parent.has_key) info |= kHasKey;
    out_.info(info);
    if (origin.exists) out_.left_id(origin.client, origin.clock);
    if (right.exists) out_.right_id(right.client, right.clock);
    if (!orphan) return;
    if (parent.item.exists) {
        out_.parent_item(parent.item.client, parent.item.clock);
    } else {
        out_.parent_root(parent.root);
    }
    if (parent.has_key) out_.key(parent.key);
}

// Counts and lengths stand in columns of their own and follow when the struct is complete.
ROPEWALK_INLINE void StructWriter::content(ContentKind kind,
                                           RunPos unit,
                                           std::uint32_t count) noexcept {
    const Run& run = store_.runs[unit.run];
    switch (kind) {
        case ContentKind::deleted:
            return;
        case ContentKind::string:
            if (run.kind == RunKind::ascii) {
                out_.strings().append({store_.content.ascii(run, unit.offset), count});
            } else {
                out_.strings().append(store_.content.utf16(run, unit.offset), count);
            }
            return;
        case ContentKind::any:
        case ContentKind::json:
            for (std::uint32_t i = 0; i < count; ++i) {
                const ByteView element = store_.content.element(run, unit.offset + i);
                if (kind == ContentKind::json) {
                    out_.text(element);
                } else {
                    out_.any(element);
                }
            }
            return;
        default:
            single(run);
    }
}

ROPEWALK_INLINE void StructWriter::single(const Run& run) noexcept {
    if (run.kind == RunKind::type) {
        const TypeRecord& type = store_.types.types[run.data];
        out_.type_ref(static_cast<unsigned>(type.kind));
        const bool named = type.kind == TypeKind::xml_element || type.kind == TypeKind::xml_hook;
        if (named) out_.name(as_bytes(store_.types.names[type.name]));
        return;
    }
    if (run.kind == RunKind::format) {
        out_.name(as_bytes(store_.types.names[store_.content.format_key(run)]));
    }
    if (run.kind == RunKind::format || run.kind == RunKind::embed) {
        out_.json_any(store_.content.rich_value(run));
        return;
    }
    const ByteView value = store_.content.value(run.data);
    if (run.kind == RunKind::binary) {
        out_.binary(value);
        return;
    }
    Reader document(value);  // a guid, and options
    out_.text(document.var_bytes());
    out_.any(document.raw(document.remaining()));
}

}  // namespace crdt::detail
