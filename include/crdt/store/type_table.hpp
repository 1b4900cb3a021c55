// Shared types and where their items are: each type has one list and one sequence for each map
// key. Names and keys are interned.
#pragma once

#include <cstdint>
#include <string_view>

#include "content.hpp"
#include "sequence.hpp"

namespace crdt::detail {

// As on the wire; `undefined` is a root that nobody has given a type.
enum class TypeKind : std::uint8_t {
    array,
    map,
    text,
    xml_element,
    xml_fragment,
    xml_hook,
    xml_text,
    undefined = 0xff,
};

struct TypeRecord {
    TypeKind kind = TypeKind::undefined;
    bool dead = false;           // it, or a type around it, was deleted
    bool collected = false;      // and its items are gone
    bool passed = false;         // but they were kept when that would have been done
    bool orphaned = false;       // the type around it is collected: nothing keeps it
    bool recopied = false;       // its list, or that of what it is a copy of, has copies of its own
    std::uint32_t run = kNone;   // the item that holds it; kNone for a root
    std::uint32_t name = kNone;  // interned: of the root, the element or the hook
    std::uint32_t list = kNone;  // sequence
    std::uint32_t first_key = kNone;
    std::uint32_t last_key = kNone;
    std::uint32_t next_dead = kNone;  // chain of the types that the open change deleted
};

// Names by number and numbers by name. Open addressing over hashes of the bytes.
class Names {
public:
    explicit Names(ContentStore& content) noexcept : content_(content) {}
    [[nodiscard]] std::string_view operator[](std::uint32_t name) const noexcept {
        return as_text(content_.value(addresses_[name]));
    }
    [[nodiscard]] std::size_t size() const noexcept { return addresses_.size(); }
    [[nodiscard]] std::uint32_t find(std::string_view name) const noexcept;
    // kNone when memory is exhausted.
    [[nodiscard]] std::uint32_t intern(std::string_view name) noexcept;

private:
    [[nodiscard]] std::uint64_t hash(std::string_view name) const noexcept;

    ContentStore& content_;
    Vec<std::uint32_t> addresses_;
    Vec<std::uint32_t> slots_;
};

class TypeTable {
public:
    TypeTable(ContentStore& content, Sequences& sequences) noexcept
        : names(content), sequences_(sequences) {}

    Names names;
    Arena<TypeRecord, 4> types;
    std::uint32_t deaths = 0;  // how many were deleted so far

    // Room for that many further types and keys, whose names are interned already.
    [[nodiscard]] bool reserve(std::uint32_t types_more, std::uint32_t keys_more) noexcept;

    // requires: reserved. Makes the type with its empty list.
    std::uint32_t add(TypeKind kind, std::uint32_t run, std::uint32_t name) noexcept;
    // The sequence of a key, made if it is new. requires: reserved
    std::uint32_t add_key(std::uint32_t type, std::uint32_t key) noexcept;
    [[nodiscard]] std::uint32_t find_key(std::uint32_t type, std::uint32_t key) const noexcept;

    [[nodiscard]] std::uint32_t find_root(std::string_view name) const noexcept;
    // Numbers of root types, in the order in which they were met.
    [[nodiscard]] const Vec<std::uint32_t>& roots() const noexcept { return roots_; }
    // requires: reserved
    std::uint32_t add_root(std::uint32_t name) noexcept;

    // Forgets the types and sequences made last. requires: nothing stands in them, and the types
    // that stay have no keys
    void truncate(std::uint32_t types_kept, std::uint32_t seqs_kept) noexcept;

private:
    [[nodiscard]] std::size_t slot_of(std::uint32_t type, std::uint32_t key) const noexcept;

    Sequences& sequences_;
    Vec<std::uint32_t> key_slots_;  // (type, key) -> sequence
    std::uint32_t keys_ = 0;
    Vec<std::uint32_t> roots_;
    Vec<std::uint32_t> root_by_name_;  // name -> type, kNone where that name is no root
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/type_table.ipp"
#endif
