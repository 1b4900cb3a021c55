// Documents in files: crdt::DocumentFile for _file.py. The system is waited for without the GIL.
#include <crdt/codec/reader.hpp>
#include <crdt/codec/writer.hpp>
#include <crdt/storage.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client_of.hpp"
#include "document.hpp"
#include "errors.hpp"
#include "functions.hpp"
#include "lock.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::Bytes;
using crdt::ByteView;
using crdt::DocumentFile;
using crdt::Durability;
using crdt::Finding;

crdt::PosixFiles& system_files() {
    static crdt::PosixFiles files;
    return files;
}

template <class Work>
auto away(Work&& work) {
    std::optional<decltype(work())> result;
    without_gil([&] { result.emplace(work()); });
    return std::move(*result);
}

// How far long work is, for a thread that looks at it.
class FileProgress final : public crdt::Progress {
public:
    void at(std::uint64_t done, std::uint64_t of) noexcept override {
        done_ = done;
        of_ = of;
    }
    [[nodiscard]] std::uint64_t done() const noexcept { return done_; }
    [[nodiscard]] std::uint64_t of() const noexcept { return of_; }

private:
    std::atomic<std::uint64_t> done_ = 0;
    std::atomic<std::uint64_t> of_ = 0;
};

const char* name_of(Finding::Kind kind) {
    switch (kind) {
        case Finding::Kind::head:
            return "head";
        case Finding::Kind::snapshot:
            return "snapshot";
        case Finding::Kind::record:
            return "record";
        case Finding::Kind::tail:
            return "tail";
        case Finding::Kind::missing:
            return "missing";
        case Finding::Kind::lost_end:
            return "lost_end";
        case Finding::Kind::out_of_order:
            return "out_of_order";
        case Finding::Kind::repeated:
            return "repeated";
        case Finding::Kind::other_document:
            return "other_document";
        case Finding::Kind::other_epoch:
            return "other_epoch";
    }
    return "unknown";
}

py::list list_of(const crdt::detail::Vec<Finding>& findings) {
    py::list all;
    for (const Finding& finding : findings) {
        py::dict one;
        one["kind"] = name_of(finding.kind);
        one["offset"] = finding.offset;
        one["size"] = finding.size;
        const bool updates = finding.first != 0 && finding.first <= finding.last;
        one["updates"] = updates ? py::object(py::make_tuple(finding.first, finding.last))
                                 : py::object(py::none());
        one["message"] = finding.message();
        all.append(std::move(one));
    }
    return all;
}

const char* name_of(Durability durability) {
    return durability == Durability::survives_kill ? "kill" : "power_loss";
}

py::dict verify_file(const std::string& path, FileProgress* progress) {
    const crdt::LogScan scan = value_of(
        away([&]() noexcept { return crdt::verify_file(system_files(), path, progress); }));
    py::dict told;
    told["document"] = scan.head.document;
    told["generation"] = scan.head.generation;
    told["epoch"] = scan.head.epoch;
    told["closed"] = scan.head.closed;
    told["durability"] = name_of(scan.head.durability);
    told["acknowledged"] = scan.head.acknowledged;
    told["snapshot"] = !scan.snapshot_found ? py::object(py::none())
                       : scan.snapshot_kind == crdt::SnapshotKind::container
                           ? py::object(py::str("container"))
                           : py::object(py::str("update"));
    told["snapshot_bytes"] = scan.snapshot_size;
    told["snapshot_sequence"] = scan.snapshot_sequence;
    told["updates"] = scan.entries.size();
    told["last_sequence"] = scan.last_sequence;
    std::uint64_t bytes = 0;
    for (const crdt::LogEntry& entry : scan.entries) {
        bytes += crdt::detail::kRecordHeaderSize + entry.size;
    }
    told["update_bytes"] = bytes;
    told["findings"] = list_of(scan.findings);
    told["more_findings"] = scan.more_findings;
    told["damaged"] = scan.damaged();
    return told;
}

// Any thread may call it; without its file after close().
class StoredFile {
public:
    StoredFile(const std::string& path,
               bool create,
               bool read_only,
               const std::string& durability,
               bool keep_previous,
               std::uint64_t document,
               bool salvage,
               bool lazy,
               FileProgress* progress) {
        crdt::FileOptions options;
        options.create = create;
        options.read_only = read_only;
        options.durability =
            durability == "kill" ? Durability::survives_kill : Durability::survives_power_loss;
        options.keep_previous = keep_previous;
        options.document = document;
        options.salvage = salvage;
        options.lazy = lazy;
        options.progress = progress;
        file_ = value_of(
            away([&]() noexcept { return DocumentFile::open(system_files(), path, options); }));
    }

    // Lets an empty document read from the file without unpacking its history, until it has to.
    // False: there is nothing of that kind, and updates() has everything.
    bool open_into(const py::object& doc) {
        const auto file = held();
        DocObject* const self = opened(doc.ptr());
        const Entered entered(self);
        if (value_of(self->doc->state_vector()).size() != 0 || self->doc->has_pending()) {
            return false;
        }
        std::unique_ptr<crdt::HistorySource> source =
            value_of(away([&]() noexcept { return file->unopened(); }));
        if (source == nullptr) return false;
        self->doc->store()->source = std::move(source);
        return true;
    }
    // The updates one after another, the snapshot first, merged into one.
    py::object merged() {
        const auto file = held();
        return bytes_object(value_of(away([&]() noexcept { return file->merged(); })).view());
    }
    // The same as they are, uncollected, for a document that is to have all of them.
    py::list updates() {
        const auto file = held();
        Bytes all;  // each behind its length
        check(away([&]() noexcept {
            crdt::detail::Writer writer(all);
            return file->for_each([&](ByteView update) -> crdt::Status {
                writer.var_bytes(update);
                return writer.ok() ? crdt::ErrorCode::ok : crdt::ErrorCode::out_of_memory;
            });
        }));
        py::list made;
        crdt::detail::Reader reader(all.view());
        while (!reader.at_end()) made.append(bytes_object(reader.var_bytes()));
        return made;
    }
    std::uint64_t commit(const py::object& update) {
        const auto file = held();
        const BytesOf bytes(update.ptr());
        return value_of(away([&]() noexcept { return file->commit(bytes.view()); }));
    }
    void sync() {
        const auto file = held();
        check(away([&]() noexcept { return file->sync(); }));
    }
    void compact() {
        const auto file = held();
        check(away([&]() noexcept { return file->compact(); }));
    }
    py::object renumber(std::uint64_t seed, const py::object& taken) {
        const auto file = held();
        std::vector<crdt::ClientId> used;
        for (const py::handle client : taken)
            used.push_back(client_of(client.cast<std::uint64_t>()));
        return py::cast(value_of(away([&]() noexcept { return file->renumber(seed, used); })));
    }
    void close() {
        if (file_ == nullptr) return;
        const auto file = std::exchange(file_, nullptr);
        check(away([&]() noexcept { return file->close(); }));
    }
    // Lets go of it without a word in the file.
    void drop() noexcept { file_.reset(); }
    [[nodiscard]] bool closed() const noexcept { return file_ == nullptr; }

    py::dict report() {
        const auto file = held();
        const crdt::FileReport& report = file->report();
        py::dict told;
        told["created"] = report.created;
        told["closed"] = report.closed;
        told["damaged"] = report.damaged;
        told["from_previous"] = report.from_previous;
        told["salvaged"] = report.salvaged;
        told["findings"] = list_of(report.findings);
        told["more_findings"] = report.more_findings;
        told["set_aside"] = report.set_aside.empty()
                                ? py::object(py::none())
                                : py::object(py::str(std::string(crdt::as_text(report.set_aside))));
        return told;
    }
    py::dict sizes() {
        const auto file = held();
        py::dict told;
        told["size"] = file->size();
        told["snapshot_bytes"] = file->snapshot_size();
        told["updates"] = file->log().updates();
        told["update_bytes"] = file->log().update_bytes();
        told["generation"] = file->log().generation();
        told["last_sequence"] = file->log().last_sequence();
        return told;
    }

private:
    // Another thread may close it meanwhile; it lives until this call is over.
    std::shared_ptr<DocumentFile> held() const {
        if (file_ == nullptr) raise(PyExc_ValueError, "the file is closed; open it again");
        return file_;
    }

    std::shared_ptr<DocumentFile> file_;
};

}  // namespace

void add_files(py::module_& module) {
    py::class_<FileProgress>(module, "FileProgress", "How far long work on a file is, in bytes.")
        .def(py::init<>())
        .def_property_readonly("done", &FileProgress::done)
        .def_property_readonly("of", &FileProgress::of);
    py::class_<StoredFile>(module, "StoredFile", "A document's file, as bytes.")
        .def(py::init<const std::string&, bool, bool, const std::string&, bool, std::uint64_t, bool,
                      bool, FileProgress*>())
        .def("open_into", &StoredFile::open_into)
        .def("merged", &StoredFile::merged)
        .def("updates", &StoredFile::updates)
        .def("commit", &StoredFile::commit)
        .def("sync", &StoredFile::sync)
        .def("compact", &StoredFile::compact)
        .def("renumber", &StoredFile::renumber)
        .def("close", &StoredFile::close)
        .def("drop", &StoredFile::drop)
        .def("report", &StoredFile::report)
        .def("sizes", &StoredFile::sizes)
        .def_property_readonly("closed", &StoredFile::closed);
    module.def("verify_file", &verify_file);
}

}  // namespace ropewalk
