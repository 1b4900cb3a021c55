// A notebook in a file: each line is safe on the disk before the program goes on, and the next run
// finds what this one wrote.
//
//   notes FILE [LINE...]     adds the lines, then shows the notebook; without lines it only shows
//   it
#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

template <class T>
T or_exit(crdt::Result<T> result, const char* path) {
    if (result.ok()) return *std::move(result);
    std::fprintf(stderr, "notes: %s: %s\n", path, result.error().message().c_str());
    std::exit(1);
}
void or_exit(const crdt::Status& status, const char* path) {
    if (status.ok()) return;
    std::fprintf(stderr, "notes: %s: %s\n", path, status.error().message().c_str());
    std::exit(1);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "usage: notes FILE [LINE...]\n");
        return 2;
    }
    const char* const path = arguments[1];
    std::random_device random;
    crdt::FileOptions options;
    options.document = (std::uint64_t{random()} << 32) | random();

    crdt::PosixFiles files;
    const auto file = or_exit(crdt::DocumentFile::open(files, path, options), path);
    for (const crdt::Finding& finding : file->report().findings) {
        std::fprintf(stderr, "notes: %s\n", finding.message().c_str());
    }

    crdt::Doc doc(crdt::random_client_id());
    or_exit(file->for_each([&](crdt::ByteView update) { return doc.apply(update); }), path);

    // From here on every transaction goes into the file; it is durable when commit() returns.
    crdt::Status stored;
    const crdt::Subscription writing =
        doc.on_update([&](crdt::ByteView update, const crdt::Origin&) {
            const crdt::Result<std::uint64_t> sequence = file->commit(update);
            if (!sequence.ok()) stored = sequence.status();
        });
    crdt::Text notes = doc.text("notes");
    for (int i = 2; i < count; ++i) {
        or_exit(notes.insert(notes.length(), std::string(arguments[i]) + "\n"), path);
        or_exit(stored, path);
    }
    std::fputs(notes.to_string().c_str(), stdout);

    // A log longer than the snapshot is worth a new snapshot.
    if (file->log().update_bytes() > file->snapshot_size()) or_exit(file->compact(), path);
    or_exit(file->close(), path);
    return 0;
}
