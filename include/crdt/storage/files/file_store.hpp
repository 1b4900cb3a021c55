// A file as a ByteStore: read in place where it can be mapped, replaced by writing another one
// beside it.
#pragma once

#include <atomic>

#include "../byte_store.hpp"
#include "file_system.hpp"

namespace crdt {

// swap() writes <path>.new, syncs it, gives it the name and syncs the folder. The old file can be
// kept under another name; a replacement that did not finish leaves <path>.new, which the next
// writer removes: nothing is in it that is not elsewhere.
class FileStore final : public ByteStore {
public:
    using ByteStore::append;
    using ByteStore::swap;

    FileStore() noexcept = default;

    // A file that is there. For writing it is locked, so that there is one writer.
    Status open(FileSystem& files, std::string_view path, bool for_writing) noexcept;
    // A new file with this content, durably. in_use if somebody else has created it meanwhile.
    Status create(FileSystem& files,
                  std::string_view path,
                  std::span<const ByteView> parts) noexcept;
    // Where the next swap() leaves the old file: a name that replaces whatever has it. Empty, or a
    // file system without links: nowhere.
    void keep_old_as(Bytes path) noexcept { keep_as_ = std::move(path); }
    [[nodiscard]] std::string_view path() const noexcept { return as_text(path_); }
    // Others may write it from now on, and this one may not. It can be read as before.
    Status release() noexcept;

    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override;
    [[nodiscard]] ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept override;
    Status append(std::span<const ByteView> parts) noexcept override;
    Status overwrite(std::uint64_t offset, ByteView bytes) noexcept override;
    Status cut(std::uint64_t size) noexcept override;
    Status sync() noexcept override;
    Status swap(std::span<const ByteView> parts) noexcept override;

private:
    Status can_write() const noexcept;
    Status finish(std::unique_ptr<File> made, std::span<const ByteView> parts) noexcept;
    Status write_new(std::span<const ByteView> parts,
                     std::string_view name,
                     std::unique_ptr<File>& made) noexcept;

    FileSystem* files_ = nullptr;
    Bytes path_;
    Bytes keep_as_;
    std::unique_ptr<File> file_;
    ByteView mapped_;
    std::uint64_t size_ = 0;
    bool writes_ = false;
    std::atomic<bool> failed_ = false;  // one thread may sync while another appends
};

namespace detail {

// path + suffix
[[nodiscard]] Result<Bytes> beside(std::string_view path, std::string_view suffix) noexcept;
// A new file with these bytes, durable with its name.
Status write_durably(FileSystem& files, std::string_view path, ByteView bytes) noexcept;

}  // namespace detail
}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../../impl/storage/files/file_store.ipp"
#endif
