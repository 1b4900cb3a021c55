// Texts: what a person types, formats, and reads.
#include "border.hpp"

namespace ropewalk {

namespace {

void put_attributes(Out& out, const crdt::Attributes& attributes) noexcept {
    out.number(attributes.size());
    for (const auto& [key, value] : attributes) {
        out.text(key);
        out.any(value);
    }
}

// What the delta of a text takes at most while it is made: its text as UTF-16 and UTF-8, and two
// steps for each thing in it that is not text.
std::size_t size_of_delta(crdt::detail::Store& store, std::uint32_t type) noexcept {
    const crdt::detail::TypeRecord& record = store.types.types[type];
    if (record.dead || record.list == crdt::detail::kNone) return 0;
    store.settle();
    std::size_t steps = 1;
    std::uint32_t node = store.sequences.seqs[record.list].first;
    while (node != crdt::detail::kNone) {
        const crdt::detail::Leaf& leaf = store.sequences.nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            if (!store.runs[leaf.spans[i].run].is_text()) steps += 2;
        }
        node = leaf.next;
    }
    constexpr std::size_t kStep = 3 * sizeof(crdt::DeltaOp) + sizeof(crdt::Attributes::Entry);
    return steps * kStep + std::size_t{8} * store.units(type);
}

}  // namespace

void put_delta(Out& out, const crdt::Delta& delta) noexcept {
    for (const crdt::DeltaOp& op : delta) {
        if (op.kind() == crdt::DeltaOp::Kind::insert) {
            const std::u16string_view lone = op.lone_units();
            if (lone.empty()) {
                out.byte(crdt::detail::kTagString);
                out.text(op.text());
            } else {
                out.byte(kUnitsTag);
                out.number(lone.size());
                for (const char16_t unit : lone) out.number(unit);
            }
        } else if (op.shared().exists()) {
            out.value(op.shared());
        } else {
            out.byte(kEmbedTag);
            out.any(op.content().any());
        }
        put_attributes(out, op.attributes());
    }
}

// -- writing --------------------------------------------------------------------------------------

// One unit of ASCII: a keystroke.
RW_EXPORT(rw_text_type)
std::uint32_t rw_text_type(Document* document,
                           std::uint32_t type,
                           std::uint32_t at,
                           std::uint32_t unit,
                           std::uint32_t transaction) {
    const char typed = static_cast<char>(unit);
    return write(document, transaction, [&]() ROPEWALK_HOT {
        return document->handle<crdt::Text>(type).insert(at, std::string_view(&typed, 1));
    });
}

// `size` bytes of UTF-8, or of UTF-16 where it has lone surrogates; behind them attributes.
RW_EXPORT(rw_text_insert)
std::uint32_t rw_text_insert(Document* document,
                             std::uint32_t type,
                             std::uint32_t at,
                             std::uint32_t size,
                             std::uint32_t utf16,
                             std::int32_t attributes_size,
                             std::uint32_t transaction) {
    const auto text = document->handle<crdt::Text>(type);
    const std::string_view utf8 = in_text(size);
    const std::u16string_view units(reinterpret_cast<const char16_t*>(in_begin()), size / 2);
    if (attributes_size < 0) {
        return write(document, transaction,
                     [&] { return utf16 != 0 ? text.insert(at, units) : text.insert(at, utf8); });
    }
    crdt::Attributes attributes;
    const std::uint8_t* const behind = in_begin() + size;
    if (const auto read = In(behind, behind + attributes_size).attributes(attributes); !read.ok()) {
        return answer(read);
    }
    return write(document, transaction, [&] {
        return utf16 != 0 ? text.insert(at, units, attributes) : text.insert(at, utf8, attributes);
    });
}

RW_EXPORT(rw_text_erase)
std::uint32_t rw_text_erase(Document* document,
                            std::uint32_t type,
                            std::uint32_t at,
                            std::uint32_t count,
                            std::uint32_t transaction) {
    return write(document, transaction, [&]() ROPEWALK_HOT {
        return document->handle<crdt::Text>(type).erase(at, count);
    });
}

// So many keystrokes backwards in the open transaction; the last one deletes what is at `at`.
RW_EXPORT(rw_text_backspace)
std::uint32_t rw_text_backspace(Document* document,
                                std::uint32_t type,
                                std::uint32_t at,
                                std::uint32_t count) {
    const auto text = document->handle<crdt::Text>(type);
    crdt::Status erased;
    // Each by itself: formats around it are tidied every time.
    while (count-- > 0 && erased.ok()) erased = text.erase(at + count, 1);
    return answer(erased);
}

RW_EXPORT(rw_text_format)
std::uint32_t rw_text_format(Document* document,
                             std::uint32_t type,
                             std::uint32_t at,
                             std::uint32_t count,
                             std::uint32_t size) {
    crdt::Attributes attributes;
    if (const auto read = In(size).attributes(attributes); !read.ok()) return answer(read);
    return answer(document->handle<crdt::Text>(type).format(at, count, attributes));
}

// A content, then attributes. A type is filled when the host is told of it.
RW_EXPORT(rw_text_embed)
std::uint32_t rw_text_embed(Document* document,
                            std::uint32_t type,
                            std::uint32_t at,
                            std::uint32_t size) {
    if (!room(0)) return no_room();
    In in(size);
    const auto content = in.content();
    if (!content.ok()) return answer(content.error());
    crdt::Attributes attributes;
    if (const auto read = in.attributes(attributes); !read.ok()) return answer(read);
    return answer(document->handle<crdt::Text>(type).insert_embed(at, *content, attributes));
}

// Steps: 0 and a content, 1 and a count to keep, each with a count of attributes; 2 and a count to
// delete. Types are filled when the host is told of them.
RW_EXPORT(rw_text_apply_delta)
std::uint32_t rw_text_apply_delta(Document* document,
                                  std::uint32_t type,
                                  std::uint32_t size,
                                  std::uint32_t steps,
                                  std::uint32_t sanitize) {
    // The list grows twofold; text is copied once, and once more in UTF-16.
    if (!room(steps * 3 * sizeof(crdt::DeltaOp) + std::size_t{3} * size)) return no_room();
    In in(size);
    crdt::Delta delta;
    const auto attributes = [&](crdt::Attributes& out) -> crdt::Status {
        for (std::uint64_t left = in.number(); left > 0; --left) {
            const std::string_view key = in.text();
            ROPEWALK_TRY(crdt::Any value, in.any());
            out.set(key, std::move(value));
        }
        return {};
    };
    while (in.more()) {
        crdt::Attributes with;
        switch (in.byte()) {
            case kDeltaText: {
                const std::string_view text = in.text();
                if (const auto read = attributes(with); !read.ok()) return answer(read);
                delta.push_back(crdt::DeltaOp::insert(text, std::move(with)));
                break;
            }
            case kDeltaUnits: {
                std::u16string units;
                for (std::uint64_t left = in.number(); left > 0; --left) {
                    units.push_back(static_cast<char16_t>(in.number()));
                }
                if (const auto read = attributes(with); !read.ok()) return answer(read);
                delta.push_back(crdt::DeltaOp::insert(std::u16string_view(units), std::move(with)));
                break;
            }
            case kDeltaContent: {
                auto content = in.content();
                if (!content.ok()) return answer(content.error());
                if (const auto read = attributes(with); !read.ok()) return answer(read);
                delta.push_back(crdt::DeltaOp::embed(*std::move(content), std::move(with)));
                break;
            }
            case kDeltaRetain: {
                const auto count = static_cast<std::size_t>(in.number());
                if (const auto read = attributes(with); !read.ok()) return answer(read);
                delta.push_back(crdt::DeltaOp::retain(count, std::move(with)));
                break;
            }
            default:
                delta.push_back(crdt::DeltaOp::erase(static_cast<std::size_t>(in.number())));
        }
    }
    return answer(document->handle<crdt::Text>(type).apply_delta(delta, sanitize != 0));
}

// -- reading --------------------------------------------------------------------------------------

RW_EXPORT(rw_text_length) std::uint32_t rw_text_length(Document* document, std::uint32_t type) {
    return static_cast<std::uint32_t>(document->handle<crdt::Text>(type).length());
}
RW_EXPORT(rw_text_string) std::uint32_t rw_text_string(Document* document, std::uint32_t type) {
    const crdt::Status read = document->handle<crdt::Text>(type).append_to(out_bytes());
    return read.ok() ? out_done() : answer(read);
}
// As UTF-16 units, with lone surrogates as they are.
RW_EXPORT(rw_text_units) std::uint32_t rw_text_units(Document* document, std::uint32_t type) {
    const std::size_t length = document->handle<crdt::Text>(type).length();
    if (!room(length * 3 * sizeof(char16_t))) return no_room();
    const std::u16string units = document->handle<crdt::Text>(type).to_u16string();
    Out out;
    out.raw({reinterpret_cast<const std::uint8_t*>(units.data()), units.size() * 2});
    return out.done();
}
RW_EXPORT(rw_text_delta) std::uint32_t rw_text_delta(Document* document, std::uint32_t type) {
    if (!room(size_of_delta(document->store(), type))) return no_room();
    const crdt::Delta delta = document->handle<crdt::Text>(type).to_delta();
    Out out;
    put_delta(out, delta);
    return out.done();
}

}  // namespace ropewalk
