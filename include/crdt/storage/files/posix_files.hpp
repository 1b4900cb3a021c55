// The files of Linux, macOS and other POSIX systems.
#pragma once

#include "file_system.hpp"

namespace crdt {

// Has no state: one object serves all documents and threads.
class PosixFiles final : public FileSystem {
public:
    Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) noexcept override;
    Status rename(std::string_view from, std::string_view to) noexcept override;
    Status link(std::string_view path, std::string_view another) noexcept override;
    Status remove(std::string_view path) noexcept override;
    Status sync_folder(std::string_view path) noexcept override;
    bool is_at(const File& file, std::string_view path) const noexcept override;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../../impl/storage/files/posix_files.ipp"
#endif
