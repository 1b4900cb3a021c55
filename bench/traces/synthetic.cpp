#include "synthetic.hpp"

#include <algorithm>
#include <array>

#include "../support/random.hpp"
#include "../support/unicode.hpp"

namespace bench {
namespace {

class Author {
public:
    explicit Author(const Writer& writer) : writer_(writer), random_(writer.seed) {
        recording_.name = writer.name;
    }

    Recording write() && {
        while (recording_.transactions.size() < writer_.edits) {
            if (writer_.two_people && random_.chance(0.6)) std::swap(cursor_, other_cursor_);
            if (random_.chance(writer_.jumps)) jump();
            if (random_.chance(writer_.corrections)) {
                correct();
            } else if (random_.chance(writer_.pastes)) {
                paste();
            } else {
                type();
            }
        }
        return std::move(recording_);
    }

private:
    void jump() {
        // mostly near, as people scroll a page and not a book
        if (random_.chance(0.96)) {
            const std::uint32_t low = cursor_ > 400 ? cursor_ - 400 : 0;
            cursor_ = random_.between(low, std::min(length_, cursor_ + 400));
        } else {
            cursor_ = random_.chance(0.3) ? length_ : random_.between(0, length_);
        }
    }
    void type() {
        for (std::uint32_t left = random_.between(2, writer_.longest); left > 0; --left)
            patch(0, character());
    }
    void correct() {
        for (std::uint32_t left = random_.between(1, 20); left > 0 && cursor_ > 0; --left) {
            --cursor_;
            patch(1, {});
        }
    }
    // Half of them replace a selection.
    void paste() {
        std::string text;
        for (std::uint32_t left = random_.between(10, 600); left > 0; --left) text += character();
        patch(random_.chance(0.5) ? std::min(length_ - cursor_, random_.between(1, 500)) : 0,
              std::move(text));
    }
    // At the cursor, which ends up behind what was inserted.
    void patch(std::uint32_t deleted, std::string inserted) {
        std::uint32_t count = 0;
        for_each_code_point(inserted, [&](char32_t) { ++count; });
        recording_.transactions.push_back({{cursor_, deleted, std::move(inserted)}});
        if (other_cursor_ >= cursor_) {
            other_cursor_ = std::max(cursor_, other_cursor_ - std::min(other_cursor_, deleted));
            other_cursor_ += count;
        }
        length_ += count - deleted;
        cursor_ += count;
    }
    std::string character() {
        std::string text;
        append_utf8(text, code_point());
        return text;
    }
    char32_t code_point() {
        constexpr std::u32string_view letters = U"eeeetttaaaooiinnsshhrrddllcumwfgypbvk";
        constexpr std::u32string_view accents = U"éèüöäßñçøå–—“”’…";
        if (writer_.script == Script::emoji_cjk) {
            if (random_.chance(0.06)) return 0x1f600 + random_.below(80);
            if (random_.chance(0.08)) return random_.chance(0.6) ? U'，' : U'。';
            return 0x4e00 + random_.below(3000);
        }
        if (random_.chance(0.17)) return random_.chance(0.94) ? U' ' : U'\n';
        if (writer_.script == Script::european && random_.chance(0.02)) {
            return accents[random_.below(accents.size())];
        }
        return letters[random_.below(letters.size())];
    }

    const Writer& writer_;
    Random random_;
    Recording recording_;
    std::uint32_t length_ = 0;  // code points
    std::uint32_t cursor_ = 0;
    std::uint32_t other_cursor_ = 0;
};

}  // namespace

Recording write(const Writer& writer) { return Author(writer).write(); }

std::vector<Recording> synthetic_recordings() {
    constexpr std::array writers{
        Writer{"synthetic-paper", 260'000, Script::ascii, 0.38, 0.45, 0.0, 45, false, 1},
        Writer{"synthetic-blog", 138'000, Script::european, 0.80, 0.15, 0.01, 30, false, 2},
        Writer{"synthetic-code", 20'000, Script::ascii, 0.95, 0.15, 0.05, 8, false, 3},
        Writer{"synthetic-spec", 19'000, Script::european, 0.90, 0.20, 0.08, 18, false, 4},
        Writer{"synthetic-two-writers", 26'000, Script::ascii, 0.30, 0.10, 0.0, 15, true, 5},
    };
    std::vector<Recording> recordings;
    for (const Writer& writer : writers) recordings.push_back(write(writer));
    return recordings;
}

Recording synthetic_emoji_cjk() {
    return write({"emoji-cjk", 130'000, Script::emoji_cjk, 0.40, 0.35, 0.005, 45, false, 6});
}

Recording synthetic_european() {
    return write({"european", 130'000, Script::european, 0.40, 0.35, 0.005, 45, false, 7});
}

}  // namespace bench
