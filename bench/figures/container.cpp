// Containers: their size, how soon text is there, what an opening edit costs, and what a join takes
// where no document is opened.
#include <crdt/storage.hpp>
#include <crdt/storage/zstd.hpp>
#include <cstring>
#include <memory>

#include "../support/heap_meter.hpp"
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kBehind = 100;  // keystrokes

std::string container_of(const crdt::Doc& doc, const crdt::PageCompression* compression = nullptr) {
    const crdt::Bytes update = doc.encode_state_as_update_v2().value();
    const crdt::Bytes bytes =
        crdt::write_container(update, crdt::UpdateFormat::v2, {.compression = compression}).value();
    return std::string(crdt::as_text(bytes));
}

// Counts the bytes that are asked for, as a server far away would bill them.
class CountedSource final : public crdt::ByteSource {
public:
    explicit CountedSource(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
    crdt::Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override {
        if (offset > bytes_.size() || into.size() > bytes_.size() - offset) {
            return crdt::ErrorCode::unexpected_end;
        }
        if (!into.empty()) std::memcpy(into.data(), bytes_.data() + offset, into.size());
        read_ += into.size();
        return {};
    }
    [[nodiscard]] std::uint64_t bytes_read() const { return read_; }

private:
    std::string_view bytes_;
    mutable std::uint64_t read_ = 0;
};

void add_sizes(Figures& figures) {
    const crdt::ZstdPages zstd;
    for (const Recording& recording : recordings().sequential) {
        const Trace trace = to_trace(recording);
        crdt::Doc doc(crdt::ClientId{0x7ac3b109});
        replay(doc, trace);
        const std::string plain = container_of(doc);
        const auto v2 = static_cast<double>(doc.encode_state_as_update_v2().value().size());
        const auto size = static_cast<double>(plain.size());
        figures.add("container.size_vs_v2." + trace.name, size / v2, "x");
        figures.add("container.bytes." + trace.name, size, "B");
        figures.add("container.zstd_bytes." + trace.name,
                    static_cast<double>(container_of(doc, &zstd).size()), "B");
        crdt::Bytes whole;
        const crdt::ViewSource source(crdt::as_bytes(plain));
        figures.check(crdt::Container::open(source).value().unpack(whole).ok() &&
                          whole == doc.encode_state_as_update().value(),
                      "container: comes out as it went in");
    }
}

void add_opening(Figures& figures) {
    const Trace& trace = figures.main_trace();
    crdt::Doc doc(crdt::ClientId{1});
    replay(doc, trace);
    const std::string bytes = container_of(doc);
    const crdt::ViewSource source(crdt::as_bytes(bytes));
    const auto text = [&] {
        const Stopwatch watch;
        crdt::Bytes out;
        const bool read = crdt::Container::open(source).value().text_of(kRoot, out).ok();
        const double ns = watch.ns();
        figures.check(read && crdt::as_text(out) == trace.end_content, "container: text");
        return ns;
    };
    const auto edit = [&] {
        const Stopwatch watch;
        crdt::Doc opened(crdt::DocOptions{.client = crdt::ClientId{2}},
                         crdt::ContainerSource::open(source).value());
        const bool edited = opened.text(kRoot).insert(trace.end_length / 2, "x").ok();
        const double ns = watch.ns();
        figures.check(edited && opened.text(kRoot).length() == trace.end_length + 1,
                      "container: the first edit");
        return ns;
    };
    const std::vector<Timing> timings = in_turns({text, edit, gap_replay(trace)});
    figures.add("container.text_ms", timings[0].best / 1e6, "ms");
    figures.add("container.open_edit_ms", timings[1].best / 1e6, "ms");
    figures.add("container.open_edit_gap_replays", timings[1].best / timings[2].best, "x");
}

// 16 MB of visible text that was typed, with all that was deleted on the way.
crdt::Doc large_document(const Trace& trace) {
    constexpr std::size_t kVisible = std::size_t{16} << 20;
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Text text = doc.text(kRoot);
    const crdt::Transaction open = doc.transact();
    for (std::uint32_t shift = 0; shift < kVisible; shift += trace.end_length) {
        for (const Patch& patch : trace.patches) bench::edit(text, trace, patch, shift);
    }
    return doc;
}

void add_large(Figures& figures) {
    const crdt::Doc doc = large_document(figures.main_trace());
    const std::string bytes = container_of(doc);
    const std::string content = doc.text(kRoot).to_string();
    const std::string_view paragraph = std::string_view(content).substr(0, content.find("\n\n"));
    const CountedSource counted(bytes);
    crdt::detail::PageScratch scratch;
    const auto first =
        crdt::Container::open(counted).value().text(kRoot, 0, paragraph.size(), scratch);
    figures.check(first.ok() && crdt::as_text(*first) == paragraph, "container: first paragraph");
    figures.add(
        "container.first_paragraph_bytes_pct",
        100.0 * static_cast<double>(counted.bytes_read()) / static_cast<double>(bytes.size()), "%");

    const crdt::ViewSource source(crdt::as_bytes(bytes));
    const auto open = [&] {
        const Stopwatch watch;
        crdt::detail::PageScratch none;
        const crdt::Container container = crdt::Container::open(source).value();
        keep(container.text(kRoot, 0, paragraph.size(), none).value().data());
        return watch.ns();
    };
    crdt::StateVector known;
    const std::uint32_t clock = raw(doc.state_vector().value().get(crdt::ClientId{1}));
    figures.check(known.set(crdt::ClientId{1}, crdt::Clock{clock - kBehind}), "container: vector");
    const crdt::Bytes expected = doc.encode_state_as_update(known).value();
    // As a server does it: the container is opened for the join.
    const auto join = [&] {
        const Stopwatch watch;
        crdt::Bytes answer;
        const bool answered = crdt::Container::open(source).value().diff(known, answer).ok();
        const double ns = watch.ns();
        figures.check(answered && answer == expected, "container: join");
        return ns;
    };
    const std::vector<Timing> timings = in_turns({open, join});
    figures.add("container.open_ms", timings[0].best / 1e6, "ms");
    figures.add("container.join_ms", timings[1].best / 1e6, "ms");
    crdt::Bytes answer;
    const HeapMeter meter;
    static_cast<void>(crdt::Container::open(source).value().diff(known, answer));
    figures.add("container.join_memory_ratio",
                static_cast<double>(meter.use().most_bytes) / static_cast<double>(answer.size()),
                "x");
    figures.add("container.join_answer_bytes", static_cast<double>(answer.size()), "B");
}

}  // namespace

void measure_container(Figures& figures) {
    add_sizes(figures);
    add_opening(figures);
    add_large(figures);
}

}  // namespace bench
