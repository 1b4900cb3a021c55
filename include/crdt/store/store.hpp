// The history and the order of one document. Rooms above read and write through it; every reader
// calls settle() first, which adds what typing has deferred.
#pragma once

#include <cstdint>
#include <memory>

#include "../base/result.hpp"
#include "../base/utf.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v2.hpp"
#include "apply_scratch.hpp"
#include "change.hpp"
#include "client_table.hpp"
#include "content.hpp"
#include "formats.hpp"
#include "history_source.hpp"
#include "keeping.hpp"
#include "keystrokes.hpp"
#include "new_text.hpp"
#include "pending.hpp"
#include "sequence.hpp"
#include "type_table.hpp"

namespace crdt::detail {

// ASCII up to that many units continues a run of two-byte units.
inline constexpr std::uint32_t kShortAscii = 64;

struct Store {
    explicit Store(ClientId client) noexcept : own_id(client) {}
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    ~Store() = default;

    // Hot: looked at by every keystroke.
    Typing typing;
    Erasing erasing;
    Change change;
    ChangeSink sink;
    Keeping keeping;  // what undo managers hold

    Arena<Run, 5> runs;
    ContentStore content;
    Sequences sequences{runs, content};
    TypeTable types{content, sequences};
    ClientTable clients;
    Pending pending;
    Formats formats;

    ClientId own_id;
    std::uint32_t own = kNone;  // number of own_id, given when it first writes
    bool collect = true;        // deleted content is forgotten
    Limits limits;
    DecodedUpdate decoded;  // reused by every apply, and so is `scratch`
    ApplyScratch scratch;
    std::unique_ptr<HistorySource> source;  // set: the history is not unpacked yet

    // Whether a keystroke may go without a change around it.
    void open_typing(bool open) noexcept {
        typing.open_limit = open && !typing.wide ? typing.limit : 0;
        typing.open_wide_limit = open && typing.wide ? typing.limit : 0;
    }
    // Each keystroke has to be told: none may go without a change.
    void close_keystrokes() noexcept {
        if (erasing.count() != 0) settle_erasing();
        erasing.type = kNone;
        open_typing(false);
    }
    // Does what keystrokes have deferred; readers start with this.
    ROPEWALK_ALWAYS_INLINE void settle() noexcept {
        if (typing.end != typing.begin) settle_typing();
        if (erasing.count() != 0) settle_erasing();
    }
    // The same, and the next keystroke has to find its place again. Writers start with this.
    void disarm() noexcept {
        settle();
        typing.type = kNone;
        erasing.type = kNone;
    }

    // Writes under another id from now on. requires: no open change
    void become(ClientId client) noexcept {
        disarm();
        own_id = client;
        own = clients.find(client);
    }

    // -- changes ------------------------------------------------------------------------------

    Status begin_change() noexcept {
        if (ROPEWALK_UNLIKELY(source != nullptr)) ROPEWALK_CHECK(unpack_source());
        if (change.depth++ == 0) open_change();
        return {};
    }
    Status end_change() noexcept {
        if (change.depth != 1) {
            --change.depth;
            return {};
        }
        return close_change();
    }
    [[nodiscard]] std::uint32_t own_next_clock() const noexcept {
        return own == kNone ? 0 : clients[own].next_clock + (typing.end - typing.begin);
    }

    // -- local edits: all or nothing; requires an open change -----------------------------------

    struct Gap {
        Place place;         // the span behind the gap, or the end
        RunPos left, right;  // its neighbours
        Place left_place;    // of `left`, as the last unit of that span
    };

    // Puts text in front of visible unit `position`; behind everything when there are just so many.
    Status insert_text(std::uint32_t type, std::uint32_t position, const NewText& text) noexcept;
    // The same into a gap that was found already. requires: disarmed, an own client, and clocks and
    // positions for that many units
    Status insert_text_at(std::uint32_t type,
                          std::uint32_t position,
                          const Gap& gap,
                          const NewText& text) noexcept;
    // Deletes `count` visible units. requires: they exist
    Status erase(std::uint32_t type, std::uint32_t position, std::uint32_t count) noexcept;
    // Deletes the value of a map key, if it has one.
    Status erase_key(std::uint32_t key_seq) noexcept;

    // One item that is not text, as the caller has prepared it.
    struct NewItem {
        RunKind kind = RunKind::any;
        const ByteView* elements = nullptr;  // of any: canonical encodings; of embed: its value
        std::uint32_t count = 1;             // elements
        ByteView value{};  // binary; of embed: its JSON text; a document's options
        std::string_view document_id{};
        TypeKind type = TypeKind::undefined;
        std::uint32_t name = kNone;  // interned: of an element or a hook
        std::uint8_t flags = 0;      // of a document: Run::kLoad, Run::kUnload
    };
    // The gap for an array: directly behind visible unit position - 1; behind the very last item
    // if position is kNone.
    Status insert_item(std::uint32_t type,
                       std::uint32_t position,
                       const NewItem& item,
                       RunPos* inserted) noexcept;
    // Directly behind a unit just inserted.
    Status insert_item_behind(std::uint32_t type,
                              RunPos left,
                              RunPos right,
                              const NewItem& item,
                              RunPos* inserted) noexcept;
    Status set_key(std::uint32_t type,
                   std::string_view key,
                   const NewItem& item,
                   RunPos* inserted) noexcept;

    // -- remote updates -------------------------------------------------------------------------

    // Applies an update: whole, with parts whose causes are missing parked; or nothing.
    Status apply(ByteView update, UpdateFormat format = UpdateFormat::v1) noexcept;
    // The same of what is in `decoded`.
    Status apply_decoded() noexcept;
    // Unpacks the history, if it is not. Whatever reads or writes more than a text or the state
    // vector starts with this.
    Status open_history() noexcept { return source == nullptr ? Status{} : unpack_source(); }

    // -- types ----------------------------------------------------------------------------------

    // The root of that name, made if it is new; kNone when memory is exhausted.
    [[nodiscard]] std::uint32_t root(std::string_view name) noexcept;
    // UTF-16 position of a code point or UTF-8 position in the list of a type.
    [[nodiscard]] Result<std::uint32_t> to_units(std::uint32_t type,
                                                 std::uint32_t value,
                                                 bool utf8) noexcept;
    // Visible units of the list of a type.
    [[nodiscard]] Measure measure(std::uint32_t type) noexcept {
        settle();
        return sequences.measure(types.types[type].list);
    }
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE std::uint32_t units(std::uint32_t type) const noexcept {
        const std::uint32_t typed = typing.type == type ? typing.end - typing.begin : 0;
        const std::uint32_t erased = erasing.type == type ? erasing.count() : 0;
        return sequences.units(types.types[type].list) + typed - erased;
    }
    // The living value of a key: its run and offset, or none.
    [[nodiscard]] RunPos value_of(std::uint32_t key_seq) noexcept;

    // -- ids ------------------------------------------------------------------------------------

    // The unit (client, clock); requires: clock < next_clock of that client
    [[nodiscard]] RunPos resolve(std::uint32_t client, std::uint32_t clock) const noexcept;
    // The same for units asked one after another: people change what is next to their last change.
    [[nodiscard]] RunPos resolve_near(std::uint32_t client, std::uint32_t clock) noexcept;

    // Makes a run that follows all others of its client. requires: reserved
    std::uint32_t add_run(const Run& run) noexcept {
        runs.next() = run;
        return add_next_run();
    }
    // The same of the record at runs.next().
    std::uint32_t add_next_run() noexcept {
        const Run& run = runs.next();
        ClientLog& log = clients[run.client];
        const std::uint32_t number = runs.push_next();
        log.push(number);
        log.next_clock += run.length;
        return number;
    }
    void touch(std::uint32_t client) noexcept;

    // Marks units deleted wherever they stand, the types they hold and everything in those.
    // requires: reserve_changes(2) for the range; [offset, offset + count) within the run
    void delete_units(std::uint32_t number, std::uint32_t offset, std::uint32_t count) noexcept;

    // A surrogate pair cut between unit - 1 and unit becomes two U+FFFD, as in Yjs.
    void break_pair(RunPos unit) noexcept;
    // The same where no leaf counts the two halves as a pair.
    void break_pair_text(const Run& run, std::uint32_t offset) noexcept;

    // A format mark came into a sequence.
    void note_format(std::uint32_t seq) noexcept;

    // Remembers what a remote change that ends now leaves to be tidied (tidy.hpp) ...
    void plan_tidying() noexcept;
    // ... and does it, as a change of its own that is nobody's. requires: no change is open
    void tidy(const Vec<UntidyGap>& plan) noexcept;

    void open_change() noexcept;
    Status unpack_source() noexcept;
    Status close_change() noexcept;
    // Takes another client id if an update brought structs of the own one. A sink that calls others
    // does this first, once it has encoded the change.
    void renew_own() noexcept;
    void collect_dead_types() noexcept;
    void settle_typing() noexcept;
    void settle_erasing() noexcept;
    [[nodiscard]] Status ensure_own() noexcept;

private:
    friend struct Integrator;
    friend class Apply;
    friend class BulkLoad;
    friend class RichEdit;
    friend class Redo;

    [[nodiscard]] Gap gap_before(std::uint32_t seq, std::uint32_t position) noexcept;
    [[nodiscard]] Gap gap_behind(std::uint32_t seq, std::uint32_t position) noexcept;
    Status gap_with_formats(std::uint32_t type, std::uint32_t position, Gap& gap) noexcept;
    Status put_text(std::uint32_t type,
                    std::uint32_t position,
                    const Gap& gap,
                    const NewText& text) noexcept;
    Status insert_elsewhere(std::uint32_t type,
                            std::uint32_t position,
                            const NewText& text) noexcept;
    Status put_item(std::uint32_t seq,
                    const Gap& gap,
                    const NewItem& item,
                    RunPos* inserted) noexcept;
    Status erase_stretches(std::uint32_t seq,
                           Place place,
                           std::uint32_t position,
                           std::uint32_t count) noexcept;
    void arm_typing(std::uint32_t type,
                    std::uint32_t seq,
                    Place place,
                    std::uint32_t run,
                    std::uint32_t position,
                    bool wide,
                    std::uint8_t* next) noexcept;
    void arm_erasing(std::uint32_t type,
                     std::uint32_t seq,
                     std::uint32_t leaf,
                     std::uint32_t index,
                     std::uint32_t position) noexcept;
    void kill_type(std::uint32_t type) noexcept;
    void delete_all_dead() noexcept;
    void orphan_type(std::uint32_t type) noexcept;
    [[nodiscard]] std::uint32_t search(const ClientLog& log, std::uint32_t clock) const noexcept;

    std::uint32_t found_at_ = 0;  // where in a log's list resolve_near() found the last unit
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/edit.ipp"
#include "../impl/store/formats.ipp"
#include "../impl/store/keeping.ipp"
#include "../impl/store/keystrokes.ipp"
#include "../impl/store/store.ipp"
#include "rich_edit.hpp"
#endif
