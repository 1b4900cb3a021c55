// A history that is not unpacked: what an unopened document can answer without one.
//
// A Doc may own such a source; reading the text of a root, the state vector or a diff then goes to
// it, and the first edit or remote update unpacks it (docs/decisions). storage/ implements it.
#pragma once

#include <string_view>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/state_vector.hpp"
#include "../codec/update_v2.hpp"

namespace crdt {

class HistorySource {
public:
    HistorySource() = default;
    HistorySource(const HistorySource&) = delete;
    HistorySource& operator=(const HistorySource&) = delete;
    virtual ~HistorySource() = default;

    // Appends the visible text of a root as UTF-8.
    virtual Status text_of(std::string_view root, Bytes& out) const noexcept = 0;
    virtual Result<StateVector> state_vector() const noexcept = 0;
    // Appends the V1 update that brings a replica with `known` up to this history.
    virtual Status diff(const StateVector& known, Bytes& out) const noexcept = 0;
    // Appends the whole history as one update, in this format.
    virtual Status unpack(Bytes& out) const noexcept = 0;
    [[nodiscard]] virtual UpdateFormat unpack_format() const noexcept { return UpdateFormat::v1; }
    // The same as blocks, for sources that need not write bytes which are read at once. They may
    // refer to what the source holds. False: ask unpack(), `out` has nothing to rely on.
    [[nodiscard]] virtual bool unpack_blocks(detail::DecodedUpdate& out) const noexcept {
        static_cast<void>(out);
        return false;
    }
};

}  // namespace crdt
