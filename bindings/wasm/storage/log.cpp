// The file of a document: its head, its records, and what is sound in it. JavaScript moves the
// bytes.
#include "host.hpp"

namespace ropewalk {

namespace {

std::uint64_t document_of(crdt::ByteView bytes) noexcept {
    return crdt::detail::get_u64(bytes.data());
}
void put_document(Out& out, std::uint64_t document) noexcept {
    std::uint8_t bytes[8];
    crdt::detail::put_u64(bytes, document);
    out.raw(crdt::ByteView(bytes));
}

}  // namespace

// `in`: document (8 bytes), generation, epoch, writing, acknowledged, size, durability, closed.
RW_EXPORT(rw_slot) std::uint32_t rw_slot(std::uint32_t size) {
    In in(size);
    crdt::detail::LogHead head;
    head.document = document_of(in.bytes());
    head.generation = static_cast<std::uint32_t>(in.number());
    head.epoch = static_cast<std::uint32_t>(in.number());
    head.written = in.number();
    head.acknowledged = in.number();
    head.size = in.number();
    head.durability = static_cast<crdt::Durability>(in.byte());
    head.closed = in.byte() != 0;
    Out out;
    out.raw(crdt::ByteView(crdt::detail::encode_slot(head)));
    return out.done();
}

// `in`: kind, sequence, document (8 bytes), generation, epoch, payload: the header of its record.
RW_EXPORT(rw_record) std::uint32_t rw_record(std::uint32_t size) {
    In in(size);
    crdt::detail::RecordHeader header;
    header.kind = static_cast<crdt::detail::RecordKind>(in.byte());
    header.sequence = in.number();
    header.document = document_of(in.bytes());
    header.generation = static_cast<std::uint32_t>(in.number());
    header.epoch = static_cast<std::uint32_t>(in.number());
    const crdt::ByteView payload = in.bytes();
    header.length = payload.size();
    Out out;
    out.raw(crdt::ByteView(crdt::detail::encode_record_header(header, payload)));
    return out.done();
}

// How long the payload of a record is whose header is in `in`; 0 if that is none.
RW_EXPORT(rw_record_length) double rw_record_length() {
    const auto header = crdt::detail::decode_record_header(in(crdt::detail::kRecordHeaderSize));
    return header.ok() ? static_cast<double>(header->length) : 0;
}

// What is sound: document, generation, epoch, writing, acknowledged, durability, closed, head
// found, damaged; snapshot found, kind, offset, size, sequence; last sequence, end; entries with
// offset, size, sequence; further findings, findings with kind, offset, size, first, last, text.
RW_EXPORT(rw_scan) std::uint32_t rw_scan(double size, std::uint32_t check_containers) {
    const HostSource source(size);
    const auto scan = crdt::scan_log(source, {.check_containers = check_containers != 0});
    if (!scan.ok()) return answer(scan.error());
    if (!room(0)) return no_room();
    const crdt::detail::LogHead& head = scan->head;
    Out out;
    put_document(out, head.document);
    out.number(head.generation);
    out.number(head.epoch);
    out.number(head.written);
    out.number(head.acknowledged);
    out.byte(static_cast<std::uint8_t>(head.durability));
    out.byte(head.closed ? 1 : 0);
    out.byte(scan->head_found ? 1 : 0);
    out.byte(scan->damaged() ? 1 : 0);
    out.byte(scan->snapshot_found ? 1 : 0);
    out.byte(static_cast<std::uint8_t>(scan->snapshot_kind));
    out.number(scan->snapshot_offset);
    out.number(scan->snapshot_size);
    out.number(scan->snapshot_sequence);
    out.number(scan->last_sequence);
    out.number(scan->end);
    out.number(scan->entries.size());
    for (const crdt::LogEntry& entry : scan->entries) {
        out.number(entry.offset);
        out.number(entry.size);
        out.number(entry.sequence);
    }
    out.number(scan->more_findings);
    out.number(scan->findings.size());
    for (const crdt::Finding& finding : scan->findings) {
        out.byte(static_cast<std::uint8_t>(finding.kind));
        out.number(finding.offset);
        out.number(finding.size);
        out.number(finding.first);
        out.number(finding.last);
        out.text(finding.message());
    }
    return out.done();
}

}  // namespace ropewalk
