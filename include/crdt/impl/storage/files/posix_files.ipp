#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <new>

#include "../../../storage/files/posix_files.hpp"

namespace crdt {

namespace detail {

inline Error failed_with(int number) noexcept {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return {ErrorCode::not_found};
        case EACCES:
        case EPERM:
        case EROFS:
            return {ErrorCode::not_permitted};
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return {ErrorCode::no_space};
        case EEXIST:  // somebody was faster
            return {ErrorCode::in_use};
        case ENOMEM:
            return {ErrorCode::out_of_memory};
        default:
            return {ErrorCode::io_failed, static_cast<std::uint64_t>(number)};
    }
}
inline Status status_of(int answer) noexcept {
    if (answer == 0) return {};
    return failed_with(errno);
}

// A path with a NUL behind it, as the system wants it.
class SystemPath {
public:
    explicit SystemPath(std::string_view path) noexcept {
        const bool fits = !path.empty() && path.size() < text_.size() &&
                          path.find('\0') == std::string_view::npos;
        if (fits) path.copy(text_.data(), path.size());
    }
    // Empty: no path at all, which the system answers with ENOENT.
    [[nodiscard]] const char* text() const noexcept { return text_.data(); }

private:
    std::array<char, 4096> text_{};
};

class PosixFile final : public File {
public:
    explicit PosixFile(int descriptor) noexcept : descriptor_(descriptor) {}
    PosixFile(const PosixFile&) = delete;
    PosixFile& operator=(const PosixFile&) = delete;
    ~PosixFile() override {
        unmap();
        ::close(descriptor_);
    }

    [[nodiscard]] Result<std::uint64_t> size() const noexcept override {
        struct stat about{};
        if (::fstat(descriptor_, &about) != 0) return failed_with(errno);
        return static_cast<std::uint64_t>(about.st_size);
    }

    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override {
        while (!into.empty()) {
            const ssize_t got =
                ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return failed_with(errno);
            if (got == 0) return Error{ErrorCode::unexpected_end, offset};
            into = into.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
        return {};
    }

    Status write(std::uint64_t offset, ByteView bytes) noexcept override {
        while (!bytes.empty()) {
            const ssize_t put =
                ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return failed_with(errno);
            if (put == 0) return failed_with(EIO);
            bytes = bytes.subspan(static_cast<std::size_t>(put));
            offset += static_cast<std::uint64_t>(put);
        }
        return {};
    }

    Status cut(std::uint64_t size) noexcept override {
        return status_of(::ftruncate(descriptor_, static_cast<off_t>(size)));
    }

    Status sync() noexcept override {
#if defined(__APPLE__)
        // fsync() there leaves the bytes in the drive's cache.
        if (::fcntl(descriptor_, F_FULLFSYNC) == 0) return {};
        return status_of(::fsync(descriptor_));
#elif defined(__linux__)
        return status_of(::fdatasync(descriptor_));  // with the size, without the times
#else
        return status_of(::fsync(descriptor_));
#endif
    }

    [[nodiscard]] ByteView map(std::uint64_t size) noexcept override {
        unmap();
        if (size == 0 || size > std::numeric_limits<std::size_t>::max()) return {};
        void* const at =
            ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_SHARED, descriptor_, 0);
        if (at == MAP_FAILED) return {};  // NOLINT(*-cstyle-cast,*-int-to-ptr): the system's macro
        mapped_ = {static_cast<const std::uint8_t*>(at), static_cast<std::size_t>(size)};
        return mapped_;
    }

    Status lock() noexcept override {
        while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EINTR) continue;
            if (errno == EWOULDBLOCK) return ErrorCode::in_use;
            return failed_with(errno);
        }
        return {};
    }

    Status unlock() noexcept override {
        while (::flock(descriptor_, LOCK_UN) != 0) {
            if (errno != EINTR) return failed_with(errno);
        }
        return {};
    }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    void unmap() noexcept {
        if (mapped_.empty()) return;
        ::munmap(const_cast<std::uint8_t*>(mapped_.data()),
                 mapped_.size());  // NOLINT(*-const-cast)
        mapped_ = {};
    }

    int descriptor_;
    ByteView mapped_;
};

}  // namespace detail

ROPEWALK_INLINE Result<std::unique_ptr<File>> PosixFiles::open(std::string_view path,
                                                               OpenMode mode) noexcept {
    int flags = O_CLOEXEC;
    flags |= mode == OpenMode::read ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::create_new) flags |= O_CREAT | O_EXCL;
    int descriptor = -1;
    do {
        descriptor = ::open(detail::SystemPath(path).text(), flags, 0666);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return detail::failed_with(errno);
    std::unique_ptr<File> file(new (std::nothrow) detail::PosixFile(descriptor));
    if (file == nullptr) {
        ::close(descriptor);
        return ErrorCode::out_of_memory;
    }
    return file;
}

ROPEWALK_INLINE Status PosixFiles::rename(std::string_view from, std::string_view to) noexcept {
    return detail::status_of(
        std::rename(detail::SystemPath(from).text(), detail::SystemPath(to).text()));
}
ROPEWALK_INLINE Status PosixFiles::link(std::string_view path, std::string_view another) noexcept {
    return detail::status_of(
        ::link(detail::SystemPath(path).text(), detail::SystemPath(another).text()));
}
ROPEWALK_INLINE Status PosixFiles::remove(std::string_view path) noexcept {
    return detail::status_of(::unlink(detail::SystemPath(path).text()));
}

ROPEWALK_INLINE Status PosixFiles::sync_folder(std::string_view path) noexcept {
    const std::size_t slash = path.rfind('/');
    std::string_view folder = ".";
    if (slash != std::string_view::npos) folder = path.substr(0, slash == 0 ? 1 : slash);
    const int descriptor =
        ::open(detail::SystemPath(folder).text(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return detail::failed_with(errno);
    const int answer = ::fsync(descriptor);
    const int number = errno;
    ::close(descriptor);
    // Some file systems have no such thing and keep names durable by themselves.
    if (answer == 0 || number == EINVAL) return {};
    return detail::failed_with(number);
}

ROPEWALK_INLINE bool PosixFiles::is_at(const File& file, std::string_view path) const noexcept {
    struct stat here{};
    struct stat there{};
    const int descriptor = static_cast<const detail::PosixFile&>(file).descriptor();
    return ::fstat(descriptor, &here) == 0 &&
           ::stat(detail::SystemPath(path).text(), &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

}  // namespace crdt
