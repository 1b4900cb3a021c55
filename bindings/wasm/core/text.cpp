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
std::uint32_t rw_text_type(Document* document, std::uint32_t type, std::uint32_t at, std::uint32_t unit) {
    const char typed = static_cast<char>(unit);
    return answer(document->handle<crdt::Text>(type).insert(at, std::string_view(&typed, 1)));
}

// `size` bytes of UTF-8, or of UTF-16 where it has lone surrogates; behind them attributes.
RW_EXPORT(rw_text_insert)
std::uint32_t rw_text_insert(Document* document,
                             std::uint32_t type,
                             std::uint32_t at,
                             std::uint32_t size,
                             std::uint32_t utf16,
                             std::int32_t attributes_size) {
    const auto text = document->handle<crdt::Text>(type);
    const std::string_view utf8 = in_text(size);
    const std::u16string_view units(reinterpret_cast<const char16_t*>(in_begin()), size / 2);
    if (attributes_size < 0) {
        return answer(utf16 != 0 ? text.insert(at, units) : text.insert(at, utf8));
    }
    crdt::Attributes attributes;
    const std::uint8_t* const behind = in_begin() + size;
    if (const auto read = In(behind, behind + attributes_size).attributes(attributes); !read.ok()) {
        return answer(read);
    }
    return answer(utf16 != 0 ? text.insert(at, units, attributes)
                             : text.insert(at, utf8, attributes));
}

RW_EXPORT(rw_text_erase)
std::uint32_t rw_text_erase(Document* document, std::uint32_t type, std::uint32_t at, std::uint32_t count) {
    return answer(document->handle<crdt::Text>(type).erase(at, count));
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

// A content, then attributes. report.made: a type that was put in.
RW_EXPORT(rw_text_embed)
std::uint32_t rw_text_embed(Document* document, std::uint32_t type, std::uint32_t at, std::uint32_t size) {
    In in(size);
    const auto content = in.content();
    if (!content.ok()) return answer(content.error());
    crdt::Attributes attributes;
    if (const auto read = in.attributes(attributes); !read.ok()) return answer(read);
    const auto text = document->handle<crdt::Text>(type);
    const crdt::Status put = text.insert_embed(at, *content, attributes);
    if (put.ok()) note_made(text.get(at));
    return answer(put);
}

// Steps: 0 and a content, 1 and a count to keep, each with a count of attributes; 2 and a count to
// delete. Types that are put in are made at once by JavaScript and filled afterwards.
RW_EXPORT(rw_text_apply_delta)
std::uint32_t rw_text_apply_delta(Document* document,
                                  std::uint32_t type,
                                  std::uint32_t size,
                                  std::uint32_t sanitize) {
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

// report.made: the type that stands at `at`.
RW_EXPORT(rw_text_made)
std::uint32_t rw_text_made(Document* document, std::uint32_t type, std::uint32_t at) {
    const auto value = document->handle<crdt::Text>(type).get(at);
    note_made(value);
    return answer(value.status());
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
    const std::u16string units = document->handle<crdt::Text>(type).to_u16string();
    Out out;
    out.raw({reinterpret_cast<const std::uint8_t*>(units.data()), units.size() * 2});
    return out.done();
}
RW_EXPORT(rw_text_delta) std::uint32_t rw_text_delta(Document* document, std::uint32_t type) {
    const crdt::Delta delta = document->handle<crdt::Text>(type).to_delta();
    Out out;
    put_delta(out, delta);
    return out.done();
}

}  // namespace ropewalk
