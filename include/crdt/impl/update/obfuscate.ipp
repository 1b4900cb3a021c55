#pragma once

#include "../../codec/writer.hpp"
#include "../../update/convert.hpp"
#include "../../update/exact_form.hpp"

namespace crdt::detail {

// The number that a name or value got when it was first met. Views into the update.
class FirstMet {
public:
    // False: memory is exhausted.
    [[nodiscard]] bool find(ByteView name, std::uint64_t now, std::uint64_t& number) noexcept {
        const auto place = names_.lower_bound(
            [&](const Entry& entry) { return as_text({entry.data, entry.size}) < as_text(name); });
        if (!(place == names_.end_place())) {
            const Entry& entry = names_.at(place);
            if (as_text({entry.data, entry.size}) == as_text(name)) {
                number = entry.number;
                return true;
            }
        }
        number = now;
        return names_.insert(place, {name.data(), name.size(), now});
    }

private:
    struct Entry {
        const std::uint8_t* data;
        std::size_t size;
        std::uint64_t number;
    };
    SortedChunks<Entry> names_;
};

// prefix, number, suffix
class NumberedText {
public:
    NumberedText(std::string_view prefix,
                 std::uint64_t number,
                 std::string_view suffix = {}) noexcept {
        put(prefix);
        char digits[20];
        std::size_t first = sizeof digits;
        do {
            digits[--first] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number > 0);
        put({digits + first, sizeof digits - first});
        put(suffix);
    }
    operator ByteView() const noexcept {  // NOLINT(google-explicit-constructor)
        return as_bytes({text_, size_});
    }

private:
    void put(std::string_view part) noexcept {
        if (!part.empty()) std::memcpy(text_ + size_, part.data(), part.size());
        size_ += part.size();
    }
    char text_[40] = {};
    std::size_t size_ = 0;
};

// Writes the form it reads: V1, or the exact form.
class Obfuscator {
public:
    Obfuscator(ExactWriter& out, const ObfuscateOptions& options) noexcept
        : out_(out), options_(options) {}

    [[nodiscard]] Error run(UpdateReader& reader) noexcept {
        std::uint64_t sections = 0;
        if (!reader.begin_sections(sections)) return reader.error();
        UpdateBlock block;
        for (; sections > 0; --sections) {
            if (!reader.begin_section()) return reader.error();
            if (reader.structs_left() > 0) out_.begin_section(reader.client(), reader.clock());
            while (reader.structs_left() > 0) {
                if (!reader.next(block)) return reader.error();
                put(block);
            }
        }
        IdSet deletes;
        if (!reader.deletes([&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                return deletes.insert(static_cast<ClientId>(client), Clock{clock}, length);
            })) {
            return reader.error();
        }
        out_.deletes(deletes);
        return out_.finish().error();
    }

private:
    [[nodiscard]] std::uint64_t number_of(FirstMet& names, ByteView name) noexcept {
        std::uint64_t number = 0;
        if (!names.find(name, number_, number)) out_.fail();
        return number;
    }
    void put(UpdateBlock& block) noexcept {
        if (block.kind == ContentKind::gc) return out_.gc(block.length);
        if (block.kind == ContentKind::skip) return out_.skip(block.length);
        unsigned info = block.info;
        // What is put in the place of content is never more than V1 can say.
        if (block.kind != ContentKind::format || options_.formatting) info &= ~kExact;
        if (block.origin.exists || block.right_origin.exists) info &= ~kHasKey;
        out_.info(info);
        if (block.origin.exists) out_.left_id(block.origin.client, block.origin.clock);
        if (block.right_origin.exists) {
            out_.right_id(block.right_origin.client, block.right_origin.clock);
        }
        if (block.parent == ParentRef::root) {
            out_.parent_root(block.root);
        } else if (block.parent == ParentRef::item) {
            out_.parent_item(block.parent_item.client, block.parent_item.clock);
        }
        if (block.has_key) {
            // Yjs leaves the empty key, which it takes for none.
            if (block.key.empty()) {
                out_.key(block.key);
            } else {
                out_.key(NumberedText({}, number_of(keys_, block.key)));
            }
        }
        content(block);
        ++number_;
    }
    void content(const UpdateBlock& block) noexcept {
        switch (block.kind) {
            case ContentKind::string:
                return digits(block.length);
            case ContentKind::any:
                out_.length(block.length);
                number_any();
                for (std::uint32_t i = 0; i < block.length; ++i) out_.any(scratch_);
                return;
            case ContentKind::json:
                out_.length(block.length);
                for (std::uint32_t i = 0; i < block.length; ++i) {
                    out_.text(NumberedText({}, number_));
                }
                return;
            case ContentKind::binary: {
                const auto byte = static_cast<std::uint8_t>(number_);
                out_.binary({&byte, 1});
                return;
            }
            case ContentKind::embed:
                return out_.json_text(as_bytes("{}"));
            case ContentKind::format:
                if (options_.formatting) return format(block);
                break;
            case ContentKind::type:
                if (options_.xml) return type(block);
                break;
            case ContentKind::document:
                if (options_.subdocuments) {
                    constexpr std::uint8_t kNoOptions[] = {kTagObject, 0};
                    out_.text(NumberedText({}, number_));
                    out_.any(kNoOptions);
                    return;
                }
                break;
            default:
                break;
        }
        put_exact_content(out_, block);
    }
    void digits(std::uint32_t units) noexcept {
        scratch_.clear();
        if (!scratch_.reserve(units)) return out_.fail();
        std::memset(scratch_.data(), static_cast<int>('0' + number_ % 10), units);
        scratch_.storage().set_size(units);
        out_.string(scratch_, units);
    }
    void number_any() noexcept {
        scratch_.clear();
        Writer any(scratch_);
        any.byte(kTagInteger);
        any.var_int(static_cast<std::int64_t>(number_));
        if (!any.ok()) out_.fail();
    }
    void format(const UpdateBlock& block) noexcept {
        const std::uint8_t* at = block.payload;
        const ByteView key = blocks::take_sized(at);
        out_.name(NumberedText({}, number_of(format_keys_, key)));
        const ByteView value = block.exact ? ByteView{at, block.to} : blocks::take_sized(at);
        // The end of a range stays its end.
        if (!block.exact && as_text(value) == "null") return out_.json_text(value);
        // Yjs keeps numbers by identity: of objects each is new, equal or not.
        const bool is_object = !block.exact && (value[0] == '{' || value[0] == '[');
        const std::uint64_t number = is_object ? number_ : number_of(format_values_, value);
        out_.json_text(NumberedText("{\"i\":", number, "}"));
    }
    void type(const UpdateBlock& block) noexcept {
        constexpr std::uint64_t kElement = 3;
        const std::uint8_t* at = block.payload;
        const std::uint64_t ref = get_var_uint(at);
        out_.type_ref(ref);
        if (at == block.to) return;
        // One list of names for elements and hooks: what a name was met as first counts.
        const ByteView name = blocks::take_sized(at);
        std::uint64_t number = 0;
        const std::uint64_t now = 2 * number_ + (ref == kElement ? 0 : 1);
        if (!node_names_.find(name, now, number)) out_.fail();
        out_.name(NumberedText(number % 2 == 0 ? "node-" : "hook-", number / 2));
    }

    ExactWriter& out_;
    const ObfuscateOptions& options_;
    std::uint64_t number_ = 0;  // of the item
    FirstMet keys_;
    FirstMet node_names_;
    FirstMet format_keys_;
    FirstMet format_values_;
    Bytes scratch_;
};

}  // namespace crdt::detail

namespace crdt {

ROPEWALK_INLINE Result<Bytes> obfuscate(ByteView update,
                                        UpdateFormat format,
                                        const ObfuscateOptions& options,
                                        const Limits& limits) noexcept {
    detail::ReadableUpdate readable;
    Error error = readable.open(update, format, limits);
    if (error.code != ErrorCode::ok) return error;
    Bytes bytes;
    detail::ExactWriter out(bytes);
    detail::UpdateReader reader = readable.reader();
    error = detail::Obfuscator(out, options).run(reader);
    if (error.code != ErrorCode::ok) return error;
    if (format == UpdateFormat::v2) return detail::v2_of_exact(bytes);
    return bytes;
}

}  // namespace crdt
