#pragma once

#include <algorithm>

#include "../../../storage/files/file_store.hpp"
#include "../byte_store.ipp"

namespace crdt {

namespace detail {

ROPEWALK_INLINE Result<Bytes> beside(std::string_view path, std::string_view suffix) noexcept {
    Bytes name;
    if (!name.append(path) || !name.append(suffix)) return ErrorCode::out_of_memory;
    return name;
}

ROPEWALK_INLINE Status write_durably(FileSystem& files,
                                     std::string_view path,
                                     ByteView bytes) noexcept {
    ROPEWALK_TRY(const std::unique_ptr<File> file, files.open(path, OpenMode::create_new));
    ROPEWALK_CHECK(file->write(0, bytes));
    ROPEWALK_CHECK(file->sync());
    return files.sync_folder(path);
}

}  // namespace detail

ROPEWALK_INLINE Status FileStore::open(FileSystem& files,
                                       std::string_view path,
                                       bool for_writing) noexcept {
    path_.clear();  // another attempt may have failed
    if (!path_.append(path)) return ErrorCode::out_of_memory;
    files_ = &files;
    writes_ = for_writing;
    do {
        ROPEWALK_TRY(file_, files.open(path, for_writing ? OpenMode::write : OpenMode::read));
        if (for_writing) ROPEWALK_CHECK(file_->lock());
        // Between the two another writer may have put a new file in its place and closed.
    } while (for_writing && !files.is_at(*file_, path));
    if (for_writing) {
        ROPEWALK_TRY(const Bytes unfinished, detail::beside(path, ".new"));
        const Status removed = files.remove(as_text(unfinished));
        if (!removed && removed.error().code != ErrorCode::not_found) return removed;
    }
    ROPEWALK_TRY(size_, file_->size());
    mapped_ = file_->map(size_);
    return {};
}

ROPEWALK_INLINE Status FileStore::read(std::uint64_t offset,
                                       std::span<std::uint8_t> into) const noexcept {
    if (!detail::lies_within(offset, into.size(), size_)) {
        return Error{ErrorCode::unexpected_end, size_};
    }
    return into.empty() ? Status{} : file_->read(offset, into);
}
ROPEWALK_INLINE ByteView FileStore::view(std::uint64_t offset, std::uint64_t size) const noexcept {
    return detail::part_of(mapped_, offset, size);
}

ROPEWALK_INLINE Status FileStore::release() noexcept {
    if (!writes_) return {};
    writes_ = false;
    return file_->unlock();
}

ROPEWALK_INLINE Status FileStore::can_write() const noexcept {
    if (failed_) return ErrorCode::store_failed;
    return writes_ ? ErrorCode::ok : ErrorCode::read_only;
}

ROPEWALK_INLINE Status FileStore::append(std::span<const ByteView> parts) noexcept {
    ROPEWALK_CHECK(can_write());
    std::uint64_t end = size_;
    for (const ByteView part : parts) {
        const Status written = file_->write(end, part);
        if (!written) {
            // What did not fit goes. Where even that fails, whoever reads the file finds a tail.
            if (!file_->cut(size_)) failed_ = true;
            return written;
        }
        end += part.size();
    }
    size_ = end;
    return {};
}

ROPEWALK_INLINE Status FileStore::overwrite(std::uint64_t offset, ByteView bytes) noexcept {
    ROPEWALK_CHECK(can_write());
    if (!detail::lies_within(offset, bytes.size(), size_)) {
        return Error{ErrorCode::index_out_of_range, size_};
    }
    return file_->write(offset, bytes);
}

ROPEWALK_INLINE Status FileStore::cut(std::uint64_t size) noexcept {
    ROPEWALK_CHECK(can_write());
    if (size > size_) return Error{ErrorCode::index_out_of_range, size_};
    mapped_ =
        mapped_.first(static_cast<std::size_t>(std::min<std::uint64_t>(mapped_.size(), size)));
    ROPEWALK_CHECK(file_->cut(size));
    size_ = size;
    return {};
}

ROPEWALK_INLINE Status FileStore::sync() noexcept {
    ROPEWALK_CHECK(can_write());
    const Status synced = file_->sync();
    // The system may have forgotten the pages that it could not write, and a second fsync then
    // succeeds without them.
    if (!synced) failed_ = true;
    return synced;
}

ROPEWALK_INLINE Status FileStore::write_new(std::span<const ByteView> parts,
                                            std::string_view name,
                                            std::unique_ptr<File>& made) noexcept {
    const Status removed = files_->remove(name);
    if (!removed && removed.error().code != ErrorCode::not_found) return removed;
    ROPEWALK_TRY(made, files_->open(name, OpenMode::create_new));
    ROPEWALK_CHECK(made->lock());
    std::uint64_t end = 0;
    for (const ByteView part : parts) {
        ROPEWALK_CHECK(made->write(end, part));
        end += part.size();
    }
    return made->sync();
}

ROPEWALK_INLINE Status FileStore::swap(std::span<const ByteView> parts) noexcept {
    ROPEWALK_CHECK(can_write());
    ROPEWALK_TRY(const Bytes name, detail::beside(path(), ".new"));
    std::unique_ptr<File> made;
    if (const Status written = write_new(parts, as_text(name), made); !written) {
        made.reset();
        static_cast<void>(files_->remove(as_text(name)));  // the next writer tries again
        return written;
    }
    if (!keep_as_.empty()) {
        // First the second name, then the replacement: the old content has a name at any moment.
        static_cast<void>(files_->remove(as_text(keep_as_)));
        static_cast<void>(files_->link(path(), as_text(keep_as_)));
    }
    if (const Status renamed = files_->rename(as_text(name), path()); !renamed) {
        static_cast<void>(files_->remove(as_text(name)));
        return renamed;
    }
    return finish(std::move(made), parts);
}

ROPEWALK_INLINE Status FileStore::finish(std::unique_ptr<File> made,
                                         std::span<const ByteView> parts) noexcept {
    mapped_ = {};
    file_ = std::move(made);
    size_ = 0;
    for (const ByteView part : parts) size_ += part.size();
    mapped_ = file_->map(size_);
    if (!files_->sync_folder(path())) {
        failed_ = true;  // after a loss of power either of the two may be there
        return ErrorCode::store_failed;
    }
    return {};
}

ROPEWALK_INLINE Status FileStore::create(FileSystem& files,
                                         std::string_view path,
                                         std::span<const ByteView> parts) noexcept {
    path_.clear();  // another attempt may have failed
    if (!path_.append(path)) return ErrorCode::out_of_memory;
    files_ = &files;
    writes_ = true;
    ROPEWALK_TRY(const Bytes name, detail::beside(path, ".new"));
    std::unique_ptr<File> made;
    Status done = write_new(parts, as_text(name), made);
    if (done) {
        // A link never replaces a file that somebody else has just created; a rename would, and is
        // for file systems without links.
        done = files.link(as_text(name), path);
        const ErrorCode code = done.error().code;
        if (code == ErrorCode::not_permitted || code == ErrorCode::io_failed) {
            done = files.rename(as_text(name), path);
        }
    }
    static_cast<void>(files.remove(as_text(name)));
    if (!done) return done;
    if (!files.is_at(*made, path)) return ErrorCode::in_use;
    return finish(std::move(made), parts);
}

}  // namespace crdt
