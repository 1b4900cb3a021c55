// Promise: a text that is edited, saved and opened again, addressed in any unit, shows at all times
// what a string shows to which the same was done; what is out of bounds is refused and does
// nothing.
#include "support.hpp"

namespace {

// Where unit `at` of the model is, counted otherwise; inside a pair it is nowhere.
crdt::Position position(const support::TextModel& model, std::uint32_t at, std::uint32_t unit) {
    const std::u16string before = model.units.substr(0, at);
    const bool inside = at > 0 && at < model.units.size() && (model.units[at] & 0xfc00) == 0xdc00 &&
                        (model.units[at - 1] & 0xfc00) == 0xd800;
    if (unit == 0 || inside) return at;
    if (unit == 1) {
        return crdt::Utf8{static_cast<std::uint32_t>(support::to_utf8(before).size())};
    }
    std::uint32_t points = 0;
    for (const char16_t c : before) points += (c & 0xfc00) != 0xdc00 ? 1 : 0;
    return crdt::CodePoint{points};
}

void refuse(const crdt::Text& text, std::uint32_t length, support::Tape& tape) {
    const std::uint32_t past = length + 1 + tape(3);
    fuzz::require(text.insert(past, "x").error().code == crdt::ErrorCode::index_out_of_range,
                  "an insertion past the end is refused");
    fuzz::require(text.erase(tape(std::size_t{length} + 1), past).error().code ==
                      crdt::ErrorCode::index_out_of_range,
                  "a deletion past the end is refused");
    fuzz::require(text.insert(0, "a\xff").error() == crdt::Error{crdt::ErrorCode::invalid_utf8, 1},
                  "text that is not UTF-8 is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    support::Tape tape(data, size);
    const std::uint64_t client = tape(2) == 0 ? 5 : 0x1fffffffffffff;
    crdt::Doc doc = support::document(client, tape(2) == 0);
    support::TextModel model;
    while (!tape.empty()) {
        const crdt::Text text = doc.text("t");
        const auto length = static_cast<std::uint32_t>(model.units.size());
        fuzz::require(text.length() == length, "the length is the model's");
        const std::uint32_t at = tape(std::size_t{length} + 1);
        switch (tape(8)) {
            case 0:
            case 1:
                fuzz::require(support::edit_text(text, tape, &model).ok(), "an edit");
                break;
            case 2: {
                const std::u16string_view piece =
                    support::kPieces[tape(std::size(support::kPieces))];
                const crdt::Position where = position(model, at, tape(3));
                fuzz::require(text.insert(where, piece).ok(), "an insertion in any unit");
                model.insert(at, piece);
                break;
            }
            case 3: {
                // A stretch of typing, then perhaps back over some of it.
                std::uint32_t to = at;
                for (std::uint32_t n = tape(20); n > 0; --n, ++to) {
                    const char16_t letter = static_cast<char16_t>(u'a' + tape(26));
                    model.insert(to, {&letter, 1});
                    const char byte = static_cast<char>(letter);
                    fuzz::require(text.insert(to, std::string_view(&byte, 1)).ok(), "typing");
                }
                for (std::uint32_t n = tape(4); n > 0 && to > 0; --n) {
                    --to;
                    model.erase(to, 1);
                    fuzz::require(text.erase(to, 1).ok(), "a backspace");
                }
                break;
            }
            case 4: {
                const std::uint32_t count = tape(std::size_t{length} - at + 1);
                fuzz::require(text.erase(at, count).ok(), "a deletion within bounds");
                model.erase(at, count);
                break;
            }
            case 5:
                refuse(text, length, tape);
                break;
            case 6: {
                // Saved and opened by the same person.
                const std::string bytes = support::canonical(doc);
                const std::string saved = support::update_of(doc);
                doc = support::document(client);
                fuzz::require(support::receive(doc, saved).ok(), "what was saved opens");
                fuzz::require(support::update_of(doc) == bytes, "what was opened saves alike");
                break;
            }
            default: {
                crdt::Transaction open = doc.transact();
                fuzz::require(support::edit_text(text, tape, &model).ok(), "an edit");
                fuzz::require(support::edit_text(text, tape, &model).ok(), "an edit");
            }
        }
        fuzz::require(doc.text("t").to_u16string() == model.units, "the text is the model's");
    }
    fuzz::require_sound(doc);
    fuzz::require(doc.text("t").to_string() == support::to_utf8(model.units),
                  "the text in UTF-8 is the model's");
    return 0;
}
