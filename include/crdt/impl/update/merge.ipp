#pragma once

#include <memory>

#include "../../update/block_writer.hpp"
#include "../../update/collector.hpp"
#include "../../update/exact_form.hpp"
#include "../../update/merge.hpp"
#include "../../update/merge_index.hpp"

namespace crdt {

namespace detail {

// Updates or segments, whichever a caller has.
class MergeInputs {
public:
    explicit MergeInputs(std::span<const ByteView> updates) noexcept : updates_(updates) {}
    explicit MergeInputs(std::span<const UpdateSegment> segments) noexcept : segments_(segments) {}

    [[nodiscard]] std::size_t size() const noexcept { return updates_.size() + segments_.size(); }
    [[nodiscard]] UpdateSegment operator[](std::size_t i) const noexcept {
        return updates_.empty() ? segments_[i] : UpdateSegment{updates_[i], &frame_whole};
    }

private:
    std::span<const ByteView> updates_;
    std::span<const UpdateSegment> segments_;
};

// The second pass: client by client, the blocks of its stretches by clock.
class Merger {
public:
    Merger(const MergeInputs& inputs,
           MergeIndex& index,
           UpdateForm form,
           const Limits& limits,
           Bytes& out) noexcept
        : inputs_(inputs),
          index_(index),
          form_(form),
          limits_(without_bounds(limits)),
          out_(out.storage(), form),
          collector_(out_, index) {}

    [[nodiscard]] Error run(bool collect) noexcept {
        if (!ranks_.resize(inputs_.size())) return {ErrorCode::out_of_memory, 0};
        out_.begin(index_.order().size());
        std::size_t first = 0;
        const Vec<Stretch>& stretches = index_.stretches();
        while (first < stretches.size()) {
            std::size_t last = first;
            while (last < stretches.size() && stretches[last].slot == stretches[first].slot) ++last;
            const Error error = collect ? client<true>(first, last) : client<false>(first, last);
            if (error.code != ErrorCode::ok) return error;
            first = last;
        }
        out_.end();
        return deletes() ? Error{} : Error{ErrorCode::out_of_memory, 0};
    }

private:
    // For what has been read once.
    [[nodiscard]] static Limits without_bounds(Limits limits) noexcept {
        limits.update_bytes = 0;
        limits.structs = 0xffffffffU;
        return limits;
    }
    // A stretch whose turn is to come. It is opened when that has come and it is not known by then.
    struct Source {
        StretchReader reader;
        UpdateBlock block;  // the next one, once it is open
        std::size_t stretch = 0;
        std::int64_t rank = 0;
        std::uint32_t clock = 0;  // at which it goes on
        bool open = false;
    };
    // std heaps have the greatest on top. Of those that have the same clock Yjs takes the one whose
    // turn it was last; so do we, to cut where it does.
    struct Later {
        const Vec<Source>& sources;
        bool operator()(std::uint32_t a, std::uint32_t b) const noexcept {
            if (sources[a].clock != sources[b].clock) return sources[a].clock > sources[b].clock;
            if (sources[a].rank != sources[b].rank) return sources[a].rank > sources[b].rank;
            return sources[a].stretch > sources[b].stretch;
        }
    };

    [[nodiscard]] bool add(std::size_t stretch) noexcept {
        if (free_.empty()) {
            const auto fresh = static_cast<std::uint32_t>(sources_.size());
            if (!sources_.push_back({}) || !free_.push_back(fresh) ||
                !heap_.reserve(sources_.size()) || !free_.reserve(sources_.size())) {
                return false;
            }
        }
        const std::uint32_t at = free_.back();
        free_.pop_back();
        const Stretch& from = index_.stretches()[stretch];
        sources_[at].stretch = stretch;
        sources_[at].rank = ranks_[from.input];
        sources_[at].clock = from.from;
        sources_[at].open = false;
        wait(at);
        return true;
    }
    void wait(std::uint32_t source) noexcept {
        heap_.push_back_reserved(source);
        std::push_heap(heap_.begin(), heap_.end(), Later{sources_});
    }

    template <bool kCollect>
    [[nodiscard]] Error client(std::size_t next, std::size_t last) noexcept {
        const Vec<Stretch>& stretches = index_.stretches();
        const std::uint32_t slot = stretches[next].slot;
        const std::uint64_t client = raw(index_.clients()[slot]);
        std::uint32_t known = 0;
        bool begun = false;
        for (;;) {
            while (next < last &&
                   (heap_.empty() || stretches[next].from <= sources_[heap_[0]].clock)) {
                if (!add(next++)) return {ErrorCode::out_of_memory, 0};
            }
            if (heap_.empty()) break;
            std::pop_heap(heap_.begin(), heap_.end(), Later{sources_});
            const std::uint32_t at = heap_.back();
            heap_.pop_back();
            Source& source = sources_[at];
            const Stretch& from = stretches[source.stretch];
            UpdateBlock& block = source.block;
            // Skips are passed over before it is its turn.
            bool more = from.to > known || (from.has_skips != 0 && !source.open);
            if (more && !source.open) {
                std::construct_at(&source.reader, inputs_[from.input], from, client, form_,
                                  limits_);
                source.open = true;
                more = source.reader.next(block);
                if (more && block.clock > source.clock) {
                    source.clock = block.clock;
                    wait(at);
                    continue;
                }
            }
            source.rank = ranks_[from.input] = --first_rank_;
            while (more && block.end() <= known) more = source.reader.next(block);
            // Behind a hole others may come first.
            if (more && (block.clock <= known || source.clock == block.clock)) {
                if (ROPEWALK_UNLIKELY(!begun)) {
                    begun = true;
                    known = block.clock;
                    begin<kCollect>(slot, client, known, last - next);
                }
                if (ROPEWALK_UNLIKELY(block.clock > known)) {
                    skip<kCollect>(block.clock - known);
                    known = block.clock;
                }
                do {
                    if constexpr (kCollect) {
                        collector_.take(block, known - block.clock);
                    } else {
                        out_.copy(block, known - block.clock);
                    }
                    known = block.end();
                    if (ROPEWALK_UNLIKELY(!make_room())) return {ErrorCode::out_of_memory, 0};
                    more = source.reader.next(block);
                } while (more && block.clock == known);
            }
            if (more) {
                source.clock = block.clock;
                wait(at);
            } else {
                if (source.open && source.reader.error().code != ErrorCode::ok) {
                    return source.reader.error();
                }
                free_.push_back_reserved(at);
            }
        }
        if constexpr (kCollect) collector_.close();
        out_.end_section();
        return {};
    }
    template <bool kCollect>
    void begin(std::uint32_t slot,
               std::uint64_t client,
               std::uint32_t clock,
               std::uint64_t seams) noexcept {
        std::uint64_t most = index_.client(slot).structs + seams;
        if constexpr (kCollect) {
            collector_.begin_section(slot, client);
            most += 2 * index_.deletes().of(slot).size();  // a range cuts at both ends
        }
        // Each struct may have a Skip in front of it.
        out_.begin_section(client, clock, 2 * most);
    }
    template <bool kCollect>
    void skip(std::uint32_t length) noexcept {
        if constexpr (kCollect) {
            collector_.skip(length);
        } else {
            out_.skip(length);
        }
    }

    // The result can be the largest thing in memory: beyond a size it grows in small steps.
    [[nodiscard]] bool make_room() noexcept {
        constexpr std::size_t kLarge = std::size_t{1} << 20;
        constexpr std::size_t kAhead = std::size_t{1} << 14;
        Vec<std::uint8_t>& bytes = out_.bytes();
        if (ROPEWALK_LIKELY(bytes.size() < kLarge || bytes.capacity() - bytes.size() >= kAhead)) {
            return true;
        }
        return bytes.reserve_exactly(bytes.size() + bytes.size() / 16);
    }
    [[nodiscard]] static std::uint64_t length_of(const ClockRange& range) noexcept {
        return range.to == kEndOfClocks ? kMaxVarUint - range.from : range.to - range.from;
    }
    // The delete set of a long history is large, too: its size is known before it is written.
    [[nodiscard]] bool deletes() noexcept {
        std::uint64_t clients = 0;
        std::size_t size = kMaxVarUintSize;
        for (const std::uint32_t slot : index_.order()) {
            const std::span<const ClockRange> ranges = index_.deletes().of(slot);
            if (ranges.empty()) continue;
            ++clients;
            size += 2 * kMaxVarUintSize;
            for (const ClockRange& range : ranges) {
                size += var_uint_size(range.from) + var_uint_size(length_of(range));
            }
        }
        if (!out_.bytes().reserve_exactly(out_.bytes().size() + size)) return false;
        Writer& out = out_.raw();
        out.var_uint(clients);
        for (const std::uint32_t slot : index_.order()) {
            const std::span<const ClockRange> ranges = index_.deletes().of(slot);
            if (ranges.empty()) continue;
            out.var_uint(raw(index_.clients()[slot]));
            out.var_uint(ranges.size());
            for (const ClockRange& range : ranges) {
                out.var_uint(range.from);
                out.var_uint(length_of(range));
            }
        }
        return out_.ok();
    }

    const MergeInputs& inputs_;
    MergeIndex& index_;
    UpdateForm form_;
    const Limits limits_;
    BlockWriter out_;
    Collector collector_;
    Vec<Source> sources_;
    Vec<std::int64_t> ranks_;  // of the inputs, 0 until a client of theirs is done
    std::int64_t first_rank_ = 0;
    Vec<std::uint32_t> free_;
    Vec<std::uint32_t> heap_;  // of sources, the one with the lowest clock on top
};

[[nodiscard]] inline Result<Bytes> merge_readable(const MergeInputs& inputs,
                                                  UpdateForm form,
                                                  bool collect,
                                                  const Limits& limits) noexcept {
    if (inputs.size() > kMostInputs) return ErrorCode::limit_exceeded;
    MergeIndex index(limits, form);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Error error = index.add(static_cast<std::uint32_t>(i), inputs[i]);
        if (error.code != ErrorCode::ok) return error;
    }
    if (!index.finish()) return ErrorCode::out_of_memory;
    Bytes out;
    const Error error = Merger(inputs, index, form, limits, out).run(collect);
    if (error.code != ErrorCode::ok) return error;
    return out;
}

// Inputs in V2 become updates of the exact form, each after its size, in one buffer.
[[nodiscard]] inline Result<Bytes> merge_v2(const MergeInputs& inputs,
                                            const MergeOptions& options) noexcept {
    Bytes made;
    Bytes one;
    Vec<std::size_t> ends;
    if (!ends.reserve(inputs.size())) return ErrorCode::out_of_memory;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const UpdateSegment segment = inputs[i];
        if (segment.framing == &frame_whole && segment.bytes.empty()) {
            return ErrorCode::unexpected_end;
        }
        for (std::size_t at = 0; at < segment.bytes.size();) {
            const std::size_t frame = at;
            ByteView update;
            if (!segment.framing(segment.bytes, at, update) || at <= frame ||
                at > segment.bytes.size()) {
                return Error{ErrorCode::unexpected_end, frame};
            }
            one.clear();
            const Error error = exact_of_v2(update, options.limits, one);
            if (error.code != ErrorCode::ok) return error;
            Writer out(made);
            out.var_bytes(one);
            if (!out.ok()) return ErrorCode::out_of_memory;
        }
        ends.push_back_reserved(made.size());
    }
    Vec<UpdateSegment> segments;
    if (!segments.resize(inputs.size())) return ErrorCode::out_of_memory;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const std::size_t start = i == 0 ? 0 : ends[i - 1];
        segments[i].bytes = made.view().subspan(start, ends[i] - start);
    }
    Limits limits = options.limits;
    limits.update_bytes = 0;
    limits.structs = 0xffffffffU;
    const std::span<const UpdateSegment> all(segments.data(), segments.size());
    Result<Bytes> merged =
        merge_readable(MergeInputs(all), UpdateForm::exact, options.collect, limits);
    if (!merged) return merged;
    return v2_of_exact(*merged);
}

[[nodiscard]] inline Result<Bytes> merge_inputs(const MergeInputs& inputs,
                                                const MergeOptions& options) noexcept {
    if (options.format == UpdateFormat::v2) return merge_v2(inputs, options);
    return merge_readable(inputs, UpdateForm::v1, options.collect, options.limits);
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> merge(std::span<const ByteView> updates,
                                    const MergeOptions& options) noexcept {
    Result<Bytes> merged = detail::merge_inputs(detail::MergeInputs(updates), options);
    if (!merged || updates.size() != 1 || options.collect) return merged;
    // It has been read, so it is an update; nothing of it is changed.
    Bytes same;
    if (!same.append(updates[0])) return ErrorCode::out_of_memory;
    return same;
}

ROPEWALK_INLINE Result<Bytes> merge_segments(std::span<const UpdateSegment> segments,
                                             const MergeOptions& options) noexcept {
    return detail::merge_inputs(detail::MergeInputs(segments), options);
}

}  // namespace crdt
