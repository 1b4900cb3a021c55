// An update in the other format, and an update without its content, without a document.
#pragma once

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v2.hpp"

namespace crdt {

// Struct by struct; nothing is merged. V1 has embeds and formats as JSON text: of values in V2 that
// JSON cannot say (NaN, undefined, bytes) it keeps what JSON.stringify makes of them.
[[nodiscard]] Result<Bytes> convert(ByteView update,
                                    UpdateFormat from,
                                    UpdateFormat to,
                                    const Limits& limits = {}) noexcept;

struct ObfuscateOptions {
    bool formatting = true;    // keys and values of formats
    bool subdocuments = true;  // guids and options
    bool xml = true;           // names of elements and hooks
};

// The same structs with made-up content, to be shown to those who look for a bug: texts are digits,
// values numbers, keys and names numbered. Ids, origins, lengths, deletions and names of roots
// stay.
[[nodiscard]] Result<Bytes> obfuscate(ByteView update,
                                      UpdateFormat format = UpdateFormat::v1,
                                      const ObfuscateOptions& options = {},
                                      const Limits& limits = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/convert.ipp"
#include "../impl/update/obfuscate.ipp"
#endif
