#pragma once

#include "../../storage/behind.hpp"
#include "../../storage/packed_update.hpp"
#include "../../update/block_writer.hpp"
#include "../../update/diff.hpp"
#include "../../update/merge.hpp"

namespace crdt {

namespace detail {

// -- what both have -------------------------------------------------------------------------------

// Takes the structs of an update into a state vector in an order in which causes come first.
class BehindState {
public:
    BehindState(const StateVector& state, ByteView update, const Limits& limits) noexcept
        : start_(state), reader_(update, UpdateForm::v1, limits) {}

    [[nodiscard]] Result<std::optional<StateVector>> run() noexcept {
        if (!start_.clone_into(state_)) return ErrorCode::out_of_memory;
        ROPEWALK_CHECK(find_sections());
        // Each round takes what can be taken. Honest updates need one or two; those that were made
        // to need many are a document's.
        bool moved = true;
        for (int rounds = 0; moved && rounds < kMostRounds; ++rounds) {
            moved = false;
            for (UpdateReader& section : sections_) ROPEWALK_CHECK(take(section, moved));
            if (hole_) return std::optional<StateVector>{};
        }
        for (const UpdateReader& section : sections_) hole_ = hole_ || section.structs_left() > 0;
        const bool read =
            reader_.deletes([&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                hole_ = hole_ || std::uint64_t{clock} + length > clock_of(client);
                return true;
            });
        if (!read) return reader_.error();
        if (hole_) return std::optional<StateVector>{};
        return std::optional<StateVector>(std::move(state_));
    }

private:
    static constexpr int kMostRounds = 64;

    [[nodiscard]] std::uint32_t clock_of(std::uint64_t client) const noexcept {
        return raw(state_.get(static_cast<ClientId>(client)));
    }
    [[nodiscard]] bool has(const UpdateId& id) const noexcept {
        return !id.exists || id.clock < clock_of(id.client);
    }

    Status find_sections() noexcept {
        std::uint64_t sections = 0;
        if (!reader_.begin_sections(sections)) return reader_.error();
        UpdateBlock block;
        for (; sections > 0; --sections) {
            if (!reader_.begin_section()) return reader_.error();
            if (!sections_.push_back(reader_)) return ErrorCode::out_of_memory;
            while (reader_.structs_left() > 0) {
                if (!reader_.next(block)) return reader_.error();
            }
        }
        return {};
    }

    Status take(UpdateReader& section, bool& moved) noexcept {
        UpdateBlock block;
        while (section.structs_left() > 0) {
            const UpdateReader before = section;
            if (!section.next(block)) return section.error();
            const std::uint32_t have = clock_of(section.client());
            if (block.end() <= have) continue;
            if (block.clock > have || block.kind == ContentKind::skip) {
                hole_ = true;
                return {};
            }
            if (!has(block.origin) || !has(block.right_origin) ||
                (block.parent == ParentRef::item && !has(block.parent_item))) {
                section = before;
                return {};
            }
            if (!state_.set(static_cast<ClientId>(section.client()), Clock{block.end()})) {
                return ErrorCode::out_of_memory;
            }
            moved = true;
        }
        return {};
    }

    const StateVector& start_;
    StateVector state_;
    UpdateReader reader_;
    Vec<UpdateReader> sections_;  // each where it has got to
    bool hole_ = false;
};

// -- what somebody lacks of both ------------------------------------------------------------------

// The structs of two updates in V1, of which `behind` is what the same replica lacks of what came
// behind `answer`; of `answer` nothing but the structs need be there. `invalid_struct`: they are
// not of that kind.
class BehindJoin {
public:
    BehindJoin(ByteView answer, ByteView behind, Vec<std::uint8_t>& out) noexcept
        : answer_(answer, UpdateForm::v1, kNoLimits),
          behind_(behind, UpdateForm::v1, kNoLimits),
          writer_(out, UpdateForm::v1) {}

    // Both have their sections by client, the highest first.
    Status structs() noexcept {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        if (!answer_.begin_sections(first)) return answer_.error();
        if (!behind_.begin_sections(second)) return behind_.error();
        writer_.begin(first + second);
        if (first > 0 && !answer_.begin_section()) return answer_.error();
        if (second > 0 && !behind_.begin_section()) return behind_.error();
        while (first > 0 || second > 0) {
            const bool of_answer =
                first > 0 && (second == 0 || answer_.client() >= behind_.client());
            const bool of_behind =
                second > 0 && (first == 0 || behind_.client() >= answer_.client());
            const std::uint64_t client = of_answer ? answer_.client() : behind_.client();
            const std::uint32_t clock = of_answer ? answer_.clock() : behind_.clock();
            writer_.begin_section(client, clock,
                                  (of_answer ? answer_.structs_left() : 0) +
                                      (of_behind ? behind_.structs_left() : 0));
            std::uint32_t next = clock;
            if (of_answer) ROPEWALK_CHECK(copy(answer_, next));
            if (of_behind) ROPEWALK_CHECK(copy(behind_, next));
            writer_.end_section();
            if (of_answer && --first > 0) ROPEWALK_CHECK(begin(answer_, client));
            if (of_behind && --second > 0) ROPEWALK_CHECK(begin(behind_, client));
        }
        writer_.end();
        return writer_.ok() ? Status{} : Status{ErrorCode::out_of_memory};
    }

    // Then: what `behind` deletes.
    Status deletes(IdSet& into) noexcept {
        bool memory = true;
        bool endless = false;
        if (!behind_.deletes([&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                memory = into.insert(static_cast<ClientId>(client), Clock{clock}, length);
                endless = endless || std::uint64_t{clock} + length >= kEndOfClocks;
                return memory;
            })) {
            return memory ? Status{behind_.error()} : Status{ErrorCode::out_of_memory};
        }
        return endless ? Status{other_kind()} : Status{};
    }

private:
    static constexpr Limits kNoLimits{.structs = 0xffffffffU};
    [[nodiscard]] static Error other_kind() noexcept { return {ErrorCode::invalid_struct, 0}; }

    [[nodiscard]] static Status begin(UpdateReader& reader, std::uint64_t above) noexcept {
        if (!reader.begin_section()) return reader.error();
        return reader.client() < above ? Status{} : Status{other_kind()};
    }

    // The structs of a section from clock `next` on, which is behind them then.
    Status copy(UpdateReader& reader, std::uint32_t& next) noexcept {
        UpdateBlock block;
        while (reader.structs_left() > 0) {
            if (!reader.next(block)) return reader.error();
            if (block.kind == ContentKind::skip || block.clock > next) return other_kind();
            if (block.end() <= next) continue;
            writer_.copy(block, next - block.clock);
            next = block.end();
        }
        return {};
    }

    UpdateReader answer_;
    UpdateReader behind_;
    BlockWriter writer_;
};

}  // namespace detail

ROPEWALK_INLINE Result<std::optional<StateVector>> state_behind(const StateVector& state,
                                                                ByteView update,
                                                                const Limits& limits) noexcept {
    return detail::BehindState(state, update, limits).run();
}

// All of it, where it is not written as the history is read.
ROPEWALK_INLINE Status JoinAnswer::put_together(const StateVector& known, ByteView rest) noexcept {
    front_.clear();
    more_.clear();
    complete_ = true;
    ROPEWALK_CHECK(container_->diff(known, front_));
    if (!rest.empty()) {
        ROPEWALK_TRY(front_, merge({front_.view(), rest}));
    }
    most_ = front_.size();
    return {};
}

ROPEWALK_INLINE Status JoinAnswer::plan(const StateVector& known, ByteView rest) noexcept {
    if (!container_->is_plain()) return put_together(known, rest);
    Container::Tables tables;
    ROPEWALK_CHECK(container_->open_tables(tables));
    ROPEWALK_CHECK(detail::PackedUpdate(container_->pages_, tables, front_).write_structs(known));
    if (!rest.empty()) {
        Bytes both;
        detail::BehindJoin join(front_, rest, both.storage());
        Status joined = join.structs();
        if (joined.ok()) joined = join.deletes(more_);
        // Holes, or what waits.
        if (joined.error().code == ErrorCode::invalid_struct) return put_together(known, rest);
        ROPEWALK_CHECK(joined);
        front_ = std::move(both);
    }
    ROPEWALK_TRY(most_, detail::PackedDeletes(container_->pages_, tables, more_).most());
    most_ += front_.size();
    return {};
}

ROPEWALK_INLINE Result<JoinAnswer> JoinAnswer::of(const Container& container,
                                                  const StateVector& known,
                                                  ByteView behind) noexcept {
    JoinAnswer answer(container);
    Bytes rest;
    if (!behind.empty()) {
        ROPEWALK_TRY(rest, crdt::diff(behind, known));
    }
    ROPEWALK_CHECK(answer.plan(known, rest));
    return answer;
}

ROPEWALK_INLINE Result<std::size_t> JoinAnswer::write(std::span<std::uint8_t> room) const noexcept {
    if (room.size() < most_) return ErrorCode::invalid_argument;
    if (!front_.empty()) std::memcpy(room.data(), front_.data(), front_.size());
    if (complete_) return front_.size();
    Container::Tables tables;
    ROPEWALK_CHECK(container_->open_tables(tables));
    detail::PackedDeletes deletes(container_->pages_, tables, more_);
    ROPEWALK_TRY(const std::size_t size, deletes.write(room.subspan(front_.size())));
    return front_.size() + size;
}

}  // namespace crdt
