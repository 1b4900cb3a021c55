#include "trace.hpp"

#include <stdexcept>

#include "../support/gap_buffer.hpp"
#include "../support/unicode.hpp"

namespace bench {
namespace {

// Code point positions to UTF-16 positions: the widths of the characters, with a gap where the
// last edit was and the number of wide ones before it.
class Widths {
public:
    std::uint32_t utf16_position(std::uint32_t at) {
        while (before_.size() > at) {
            wide_before_ -= before_.back() == 2;
            behind_.push_back(before_.back());
            before_.pop_back();
        }
        while (before_.size() < at) {
            if (behind_.empty()) throw std::runtime_error("a position lies past the end");
            wide_before_ += behind_.back() == 2;
            before_.push_back(behind_.back());
            behind_.pop_back();
        }
        return at + wide_before_;
    }
    // At the last position asked for; returns the UTF-16 units.
    std::uint32_t erase(std::uint32_t count) {
        if (count > behind_.size()) throw std::runtime_error("a deletion goes past the end");
        std::uint32_t units = 0;
        for (; count > 0; --count) {
            units += behind_.back();
            behind_.pop_back();
        }
        return units;
    }
    std::uint32_t insert(std::string_view utf8) {
        std::uint32_t units = 0;
        for_each_code_point(utf8, [&](char32_t c) {
            const auto width = static_cast<std::uint8_t>(utf16_width(c));
            before_.push_back(width);
            wide_before_ += width == 2;
            units += width;
        });
        return units;
    }

private:
    std::vector<std::uint8_t> before_;
    std::vector<std::uint8_t> behind_;  // reversed
    std::uint32_t wide_before_ = 0;
};

}  // namespace

Trace to_trace(const Recording& recording) {
    Trace trace;
    trace.name = recording.name;
    Widths widths;
    GapBuffer buffer;
    for (const std::vector<RecordedPatch>& transaction : recording.transactions) {
        for (const RecordedPatch& recorded : transaction) {
            Patch patch{};
            patch.at = widths.utf16_position(recorded.at);
            patch.deleted = widths.erase(recorded.deleted);
            patch.offset = static_cast<std::uint32_t>(trace.pool.size());
            patch.size = static_cast<std::uint32_t>(recorded.inserted.size());
            trace.inserted_units += widths.insert(recorded.inserted);
            trace.pool += recorded.inserted;
            trace.patches.push_back(patch);
            buffer.replace(patch.at, patch.deleted, recorded.inserted);
        }
        trace.transaction_ends.push_back(static_cast<std::uint32_t>(trace.patches.size()));
    }
    trace.end_content = buffer.to_utf8();
    trace.end_length = static_cast<std::uint32_t>(buffer.length());
    if (!recording.end_content.empty() && trace.end_content != recording.end_content) {
        throw std::runtime_error(recording.name + ": its edits do not lead to its end");
    }
    return trace;
}

namespace {

std::string to_ascii(std::string_view utf8) {
    std::string text;
    for_each_code_point(
        utf8, [&](char32_t c) { text.push_back(static_cast<char>(c < 0x80 ? c : U'a' + c % 26)); });
    return text;
}

}  // namespace

Recording ascii_twin(const Recording& recording) {
    Recording twin = recording;
    twin.name += "-ascii";
    twin.end_content = to_ascii(recording.end_content);
    for (auto& transaction : twin.transactions) {
        for (RecordedPatch& patch : transaction) patch.inserted = to_ascii(patch.inserted);
    }
    return twin;
}

}  // namespace bench
