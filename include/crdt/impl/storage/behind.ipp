#pragma once

#include <algorithm>
#include <bit>

#include "../../base/id_set.hpp"
#include "../../storage/behind.hpp"
#include "../../update/block_writer.hpp"

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

class BehindJoin {
public:
    BehindJoin(ByteView answer, ByteView behind, Bytes& out) noexcept
        : answer_(answer, UpdateForm::v1, kNoLimits),
          behind_(behind, UpdateForm::v1, kNoLimits),
          end_(answer.data() + answer.size()),
          out_(out.storage()),
          writer_(out.storage(), UpdateForm::v1) {}

    Status run() noexcept {
        ROPEWALK_CHECK(structs());
        bool memory = true;
        bool endless = false;
        if (!behind_.deletes([&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                memory = more_.insert(static_cast<ClientId>(client), Clock{clock}, length);
                endless = endless || std::uint64_t{clock} + length >= kEndOfClocks;
                return memory;
            })) {
            return memory ? Status{behind_.error()} : Status{ErrorCode::out_of_memory};
        }
        return endless ? Status{other_kind()} : deletes();
    }

private:
    static constexpr Limits kNoLimits{.structs = 0xffffffffU};
    [[nodiscard]] static Error other_kind() noexcept { return {ErrorCode::invalid_struct, 0}; }

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

    [[nodiscard]] bool number(std::uint64_t& value) noexcept {
        return read_var_uint(p_, end_, value);
    }

    // So many numbers, unread: each ends with a byte below 0x80.
    [[nodiscard]] bool pass(std::uint64_t numbers) noexcept {
        while (numbers >= 8 && end_ - p_ >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, p_, sizeof eight);
            numbers -= static_cast<unsigned>(std::popcount(~eight & 0x8080808080808080U));
            p_ += 8;
        }
        for (; numbers > 0; --numbers) {
            while (p_ != end_ && (*p_ & 0x80U) != 0) ++p_;
            if (p_++ == end_) return false;
        }
        return true;
    }

    Status deletes() noexcept {
        p_ = answer_.at();
        std::uint64_t clients = 0;
        if (!number(clients)) return other_kind();
        CountHole hole;
        const std::uint64_t most = clients + more_.range_count();
        if (!hole.open(out_, most)) return ErrorCode::out_of_memory;
        std::uint64_t written = clients;
        const std::uint8_t* from = p_;
        for (; clients > 0; --clients) {
            const std::uint8_t* const at = p_;
            std::uint64_t client = 0;
            std::uint64_t ranges = 0;
            if (!number(client) || !number(ranges)) return other_kind();
            if (!more_.intersects(static_cast<ClientId>(client), Clock{0}, kEndOfClocks)) {
                if (!pass(2 * ranges)) return other_kind();
                continue;
            }
            raw({from, at});
            ROPEWALK_CHECK(unite(client, ranges));
            from = p_;
            if (!more_.remove(static_cast<ClientId>(client), Clock{0}, kEndOfClocks)) {
                return ErrorCode::out_of_memory;
            }
        }
        if (p_ != end_) return other_kind();
        raw({from, p_});
        written += rest();
        if (!writer_.ok()) return ErrorCode::out_of_memory;
        hole.close(out_, written);
        return {};
    }

    // The ranges of the answer and ours, which are sorted both.
    Status unite(std::uint64_t client, std::uint64_t ranges) noexcept {
        number_out(client);
        Vec<IdRange> ours;
        bool memory = true;
        more_.for_each_of(static_cast<ClientId>(client), [&](Clock start, std::uint32_t length) {
            memory = memory && ours.push_back({static_cast<ClientId>(client), start, length});
        });
        CountHole hole;
        if (!memory || !hole.open(out_, ranges + ours.size())) return ErrorCode::out_of_memory;
        std::uint64_t count = 0;
        std::uint64_t start = 0;
        std::uint64_t end = 0;  // of the range at hand; 0: none is
        const auto put = [&](std::uint64_t from, std::uint64_t to) {
            if (end > 0 && from <= end) {
                end = std::max(end, to);
                return;
            }
            if (end > 0) {
                number_out(start);
                number_out(end - start);
                ++count;
            }
            start = from;
            end = to;
        };
        std::size_t i = 0;
        std::uint64_t last = 0;
        for (; ranges > 0; --ranges) {
            std::uint64_t clock = 0;
            std::uint64_t length = 0;
            if (!number(clock) || !number(length) || clock < last) return other_kind();
            last = clock;
            for (; i < ours.size() && raw_clock(ours[i]) <= clock; ++i) {
                put(raw_clock(ours[i]), ours[i].end());
            }
            put(clock, clock + length);
        }
        for (; i < ours.size(); ++i) put(raw_clock(ours[i]), ours[i].end());
        put(~std::uint64_t{0}, 0);
        hole.close(out_, count);
        return {};
    }
    [[nodiscard]] static std::uint64_t raw_clock(const IdRange& range) noexcept {
        return crdt::raw(range.start);
    }

    // Clients of which the answer has no deletions; how many.
    std::uint64_t rest() noexcept {
        std::uint64_t clients = 0;
        for (auto at = more_.begin(); at != more_.end(); ++clients) {
            const ClientId client = at->client;
            std::uint64_t ranges = 0;
            more_.for_each_of(client, [&](Clock, std::uint32_t) { ++ranges; });
            number_out(crdt::raw(client));
            number_out(ranges);
            for (; at != more_.end() && at->client == client; ++at) {
                number_out(raw_clock(*at));
                number_out(at->length);
            }
        }
        return clients;
    }

    void raw(ByteView bytes) noexcept { writer_.raw().raw(bytes); }
    void number_out(std::uint64_t value) noexcept { writer_.raw().var_uint(value); }

    UpdateReader answer_;
    UpdateReader behind_;
    const std::uint8_t* p_ = nullptr;  // in the deletions of the answer
    const std::uint8_t* end_;
    Vec<std::uint8_t>& out_;
    BlockWriter writer_;
    IdSet more_;
};

}  // namespace detail

ROPEWALK_INLINE Result<std::optional<StateVector>> state_behind(const StateVector& state,
                                                                ByteView update,
                                                                const Limits& limits) noexcept {
    return detail::BehindState(state, update, limits).run();
}

ROPEWALK_INLINE Status join_behind(ByteView answer, ByteView behind, Bytes& out) noexcept {
    const std::size_t before = out.size();
    // Growing step by step would hold twice what is written.
    if (!out.storage().reserve_exactly(before + answer.size() + behind.size() + 64)) {
        return ErrorCode::out_of_memory;
    }
    const Status status = detail::BehindJoin(answer, behind, out).run();
    if (!status.ok()) out.truncate(before);
    return status;
}

}  // namespace crdt
