// From the packed history to the bytes of an update: what diff and unpack of a container are.
#pragma once

#include "../codec/state_vector.hpp"
#include "../codec/writer.hpp"
#include "../update/update_block.hpp"
#include "history_reader.hpp"
#include "packed_deletes.hpp"

namespace crdt::detail {

// Does who lacks so many of all units need about all of the pages?
[[nodiscard]] constexpr bool reads_all(std::uint64_t units, std::uint64_t all) noexcept {
    return units > all / 4;
}

class PackedUpdate {
public:
    PackedUpdate(const Pages& pages, const HistoryTables& tables, Bytes& out) noexcept
        : pages_(pages), tables_(tables), reader_(pages, tables), out_(out.storage()) {}

    // Appends what a replica with `known` lacks: structs as the encoder of documents would cut
    // them, and all deletions. V1, or if is_exact() says so the form of update/exact_form.hpp.
    // Memory besides: none, where the container is read in place.
    Status write(const StateVector& known) noexcept;
    // The structs alone.
    Status write_structs(const StateVector& known) noexcept;
    [[nodiscard]] bool is_exact() const noexcept { return exact_; }

private:
    [[nodiscard]] static Error broken() noexcept { return {ErrorCode::damaged, 0}; }
    [[nodiscard]] std::uint32_t known_of(const StateVector& known,
                                         std::uint32_t client) const noexcept {
        return known.empty() ? 0 : raw(known.get(static_cast<ClientId>(tables_.client(client))));
    }
    Status reserve(const StateVector& known, std::size_t behind) noexcept;
    Status section(std::uint32_t client, std::uint32_t from) noexcept;
    Status put(std::uint32_t cut) noexcept;
    Status put_head(std::uint32_t cut, unsigned kind) noexcept;
    Status put_text(std::uint32_t cut) noexcept;
    Status put_elements(std::uint32_t cut, bool json) noexcept;
    Status put_halves(std::uint32_t cut) noexcept;
    [[nodiscard]] bool room(std::size_t more) noexcept {
        return ROPEWALK_LIKELY(out_.capacity() - out_.size() >= more) || out_.reserve_more(more);
    }
    void put_number(std::uint64_t number) noexcept {
        std::uint8_t* const at = out_.data() + out_.size();
        out_.set_size(out_.size() + static_cast<std::size_t>(put_var_uint(at, number) - at));
    }
    void put_bytes(ByteView bytes) noexcept {
        if (!bytes.empty()) std::memcpy(out_.data() + out_.size(), bytes.data(), bytes.size());
        out_.set_size(out_.size() + bytes.size());
    }
    void put_unit(UnitRef unit) noexcept {
        put_number(tables_.client(unit.client));
        put_number(unit.clock);
    }

    const Pages& pages_;
    const HistoryTables& tables_;
    HistoryReader reader_;
    Vec<std::uint8_t>& out_;
    std::uint32_t client_ = 0;
    bool exact_ = false;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/packed_update.ipp"
#endif
