// A document that opens at once: its text is read from a container on disk without its history,
// another replica is answered from the packed form, and the first edit opens it.
//
//   container [file]     writes the file (letter.rwc) and reads it again
#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace {

// For what cannot fail unless this program or the engine is wrong.
void require(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "container: %.*s\n", static_cast<int>(what.size()), what.data());
    std::exit(1);
}

// A file from which ranges are read. Whatever can do that is a source: a server with HTTP ranges, a
// bucket, a database.
class FileSource final : public crdt::ByteSource {
public:
    explicit FileSource(const char* path) : file_(std::fopen(path, "rb")) {
        require(file_ != nullptr && std::fseek(file_, 0, SEEK_END) == 0, "the file can be opened");
        size_ = static_cast<std::uint64_t>(std::ftell(file_));
    }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    ~FileSource() override { std::fclose(file_); }

    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    crdt::Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override {
        if (std::fseek(file_, static_cast<long>(offset), SEEK_SET) != 0 ||
            std::fread(into.data(), 1, into.size(), file_) != into.size()) {
            return crdt::ErrorCode::io_failed;
        }
        read_ += into.size();
        return {};
    }
    [[nodiscard]] std::uint64_t bytes_read() const { return read_; }

private:
    std::FILE* file_;
    std::uint64_t size_ = 0;
    mutable std::uint64_t read_ = 0;
};

// A long letter, and what was changed on the way.
crdt::Doc write_letter() {
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Text letter = doc.text("letter");
    letter.append("Dear reader,\n\n");
    for (int i = 0; i < 20'000; ++i) {
        letter.append("this line was written, and then written again");
        letter.erase(letter.length() - 14, 14);
        letter.append(" once more.\n");
    }
    return doc;
}

}  // namespace

int main(int count, char** arguments) {
    const char* const path = count > 1 ? arguments[1] : "letter.rwc";
    const crdt::Doc doc = write_letter();
    const crdt::Bytes update = doc.encode_state_as_update().value();
    const crdt::Bytes bytes = crdt::write_container(update).value();
    std::FILE* const out = std::fopen(path, "wb");
    require(out != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() &&
                std::fclose(out) == 0,
            "the file can be written");
    std::printf("%zu bytes as an update, %zu as a container\n", update.size(), bytes.size());

    auto file = std::make_unique<FileSource>(path);
    const FileSource& counted = *file;
    crdt::PageScratch scratch;
    const crdt::Container container = crdt::Container::open(counted).value();
    const crdt::ByteView start = container.text("letter", 0, 12, scratch).value();
    std::printf(
        "\"%.*s\" took %.1f %% of the file\n", static_cast<int>(start.size()),
        crdt::as_text(start).data(),
        100.0 * static_cast<double>(counted.bytes_read()) / static_cast<double>(counted.size()));

    // Somebody who has all but the last line asks for the rest; no document is built.
    crdt::StateVector known;
    const crdt::Clock all = container.state_vector()->get(crdt::ClientId{1});
    require(known.set(crdt::ClientId{1}, crdt::Clock{raw(all) - 40}), "there is memory");
    crdt::Bytes answer;
    require(container.diff(known, answer).ok(), "a join is answered");
    std::printf("an answer of %zu bytes, from the packed form\n", answer.size());

    crdt::Doc opened(crdt::DocOptions{.client = crdt::ClientId{2}},
                     crdt::ContainerSource::open(std::move(file)).value());
    require(opened.text("letter").to_string() == doc.text("letter").to_string(), "same text");
    opened.text("letter").append("Yours\n");  // now it is opened
    require(opened.text("letter").length() == doc.text("letter").length() + 6, "the edit is there");
    std::printf("opened by its first edit: %zu characters\n", opened.text("letter").length());
    return 0;
}
