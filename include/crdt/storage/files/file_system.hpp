// What of a system's files a document needs: an interface, so that tests can take the power away.
// posix_files.hpp has the real ones.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "../../base/bytes.hpp"
#include "../../base/result.hpp"

namespace crdt {

// An open file. Closing it is its end; nothing is made durable by that.
class File {
public:
    File() = default;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    virtual ~File() = default;

    [[nodiscard]] virtual Result<std::uint64_t> size() const noexcept = 0;
    // All of it, or an error.
    virtual Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept = 0;
    // All of it; after an error any part of it may have been written.
    virtual Status write(std::uint64_t offset, ByteView bytes) noexcept = 0;
    virtual Status cut(std::uint64_t size) noexcept = 0;
    // Content and size are durable.
    virtual Status sync() noexcept = 0;
    // The first `size` bytes in memory, until the file is closed or mapped again. Empty where that
    // is not possible; it can be read all the same.
    [[nodiscard]] virtual ByteView map(std::uint64_t size) noexcept = 0;
    // Keeps every other writer out, in this process and in others, until unlock() or the end.
    // in_use if somebody else does.
    virtual Status lock() noexcept = 0;
    // Lets others write again. It may still be read.
    virtual Status unlock() noexcept = 0;
};

enum class OpenMode : std::uint8_t {
    read,
    write,       // and read; the file is there
    create_new,  // and read; the file is not there yet
};

// Paths are UTF-8 and have no NUL. Names are durable only after sync_folder().
class FileSystem {
public:
    FileSystem() = default;
    FileSystem(const FileSystem&) = delete;
    FileSystem& operator=(const FileSystem&) = delete;
    virtual ~FileSystem() = default;

    virtual Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) noexcept = 0;
    // Takes the place of what is at `to`, in one step.
    virtual Status rename(std::string_view from, std::string_view to) noexcept = 0;
    // A second name of the same file. Not every file system has that.
    virtual Status link(std::string_view path, std::string_view another) noexcept = 0;
    virtual Status remove(std::string_view path) noexcept = 0;
    // The names in the folder of `path` are durable.
    virtual Status sync_folder(std::string_view path) noexcept = 0;
    // Whether `file` is what one finds at the path now.
    virtual bool is_at(const File& file, std::string_view path) const noexcept = 0;
};

}  // namespace crdt
