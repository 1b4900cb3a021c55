// Writes units of a history under new ids, joined into as few structs as the format can say.
#pragma once

#include "../codec/update_writer.hpp"
#include "../store/block_walk.hpp"
#include "../update/update_block.hpp"

namespace crdt::detail {

// Where a struct without neighbours stands.
struct NewParent {
    UpdateId item;  // or, where there is none,
    ByteView root;  // the root of that name
    ByteView key;
    bool has_key = false;
};

// In V2, which can say everything. Sections by client, clocks from 0 on.
class StructWriter {
public:
    StructWriter(Store& store, Bytes& out) noexcept : store_(store), out_(out) {}

    void begin_section(std::uint64_t client) noexcept {
        close();
        client_ = client;
        clock_ = 0;
        out_.begin_section(client, 0);
    }
    // Units that stand nowhere.
    void add_gc(std::uint32_t count) noexcept;
    // Units of one run, all deleted or none, written behind `origin` and in front of `right`.
    // `parent` counts where there is neither.
    void add(RunPos unit,
             std::uint32_t count,
             bool deleted,
             const UpdateId& origin,
             const UpdateId& right,
             const NewParent& parent) noexcept;
    // The id of the unit written last. requires: one was
    [[nodiscard]] UpdateId last() const noexcept { return {client_, clock_ - 1, true}; }
    [[nodiscard]] std::uint32_t clock() const noexcept { return clock_; }  // of the next unit
    [[nodiscard]] Status finish(const IdSet& deletions) noexcept {
        close();
        out_.deletes(deletions);
        return out_.finish();
    }

private:
    [[nodiscard]] static ContentKind kind_of(RunKind kind, bool deleted) noexcept;
    void head(ContentKind kind,
              const UpdateId& origin,
              const UpdateId& right,
              const NewParent& parent) noexcept;
    void content(ContentKind kind, RunPos unit, std::uint32_t count) noexcept;
    void single(const Run& run) noexcept;
    void close() noexcept;

    Store& store_;
    UpdateWriterV2 out_;
    std::uint64_t client_ = 0;
    std::uint32_t clock_ = 0;
    // The struct that may go on; skip: there is none.
    ContentKind kind_ = ContentKind::skip;
    std::uint32_t length_ = 0;
    UpdateId right_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/struct_writer.ipp"
#endif
