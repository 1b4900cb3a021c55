// Files in memory that know what of them is durable. The power can be taken away at any moment:
// crash() is what a disk might hold then. Operations can fail, and can write half of what they
// should.
#pragma once

#include <crdt/storage/files/file_system.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace support {

class SimulatedDisk final : public crdt::FileSystem {
public:
    using Content = std::vector<std::uint8_t>;

    // Called before each operation that changes something.
    std::function<void()> before_write;
    // The operation that fails, counted down; -1: none. With `for_good` all that follow fail, too.
    long fail_in = -1;
    bool for_good = false;
    crdt::ErrorCode failure = crdt::ErrorCode::no_space;

    [[nodiscard]] bool exists(const std::string& path) const { return names_.contains(path); }
    [[nodiscard]] const Content& content(const std::string& path) const {
        return names_.at(path)->now;
    }
    // A file that is simply there, durably.
    void put(const std::string& path, Content content) {
        auto inode = std::make_shared<Inode>();
        inode->now = inode->durable = std::move(content);
        names_[path] = durable_names_[path] = inode;
    }
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> all;
        for (const auto& [path, inode] : names_) all.push_back(path);
        return all;
    }

    // What is left after a loss of power: what was synced, and of the rest whatever the disk had
    // got to: any sectors of 512 bytes of any write, any of the changes of names, any of the sizes.
    template <class Random>
    void crash(Random& random, SimulatedDisk& into) const {
        std::map<const Inode*, std::shared_ptr<Inode>> copies;
        const auto copy = [&](const std::shared_ptr<Inode>& inode) {
            std::shared_ptr<Inode>& made = copies[inode.get()];
            if (made == nullptr) {
                made = std::make_shared<Inode>();
                made->now = made->durable = inode->after_crash(random);
            }
            return made;
        };
        std::map<std::string, std::shared_ptr<Inode>> names = durable_names_;
        for (const NameChange& change : unsynced_names_) {
            if (random() % 2 == 0) continue;
            if (change.inode != nullptr) names[change.to] = change.inode;
            if (!change.from.empty()) names.erase(change.from);
        }
        for (const auto& [path, inode] : names) {
            into.names_[path] = into.durable_names_[path] = copy(inode);
        }
    }

    crdt::Result<std::unique_ptr<crdt::File>> open(std::string_view path,
                                                   crdt::OpenMode mode) noexcept override {
        const std::string name(path);
        if (mode == crdt::OpenMode::create_new) {
            if (names_.contains(name)) return crdt::ErrorCode::in_use;
            if (const crdt::Status status = change(); !status) return status.error();
            auto inode = std::make_shared<Inode>();
            names_[name] = inode;
            unsynced_names_.push_back({"", name, inode});
            return opened(inode);
        }
        const auto found = names_.find(name);
        if (found == names_.end()) return crdt::ErrorCode::not_found;
        return opened(found->second);
    }
    crdt::Status rename(std::string_view from, std::string_view to) noexcept override {
        const auto found = names_.find(std::string(from));
        if (found == names_.end()) return crdt::ErrorCode::not_found;
        if (const crdt::Status status = change(); !status) return status;
        const std::shared_ptr<Inode> inode = found->second;
        names_.erase(found);
        names_[std::string(to)] = inode;
        unsynced_names_.push_back({std::string(from), std::string(to), inode});
        return {};
    }
    crdt::Status link(std::string_view path, std::string_view another) noexcept override {
        const auto found = names_.find(std::string(path));
        if (found == names_.end()) return crdt::ErrorCode::not_found;
        if (names_.contains(std::string(another))) return crdt::ErrorCode::in_use;
        if (const crdt::Status status = change(); !status) return status;
        names_[std::string(another)] = found->second;
        unsynced_names_.push_back({"", std::string(another), found->second});
        return {};
    }
    crdt::Status remove(std::string_view path) noexcept override {
        const auto found = names_.find(std::string(path));
        if (found == names_.end()) return crdt::ErrorCode::not_found;
        if (const crdt::Status status = change(); !status) return status;
        names_.erase(found);
        unsynced_names_.push_back({std::string(path), "", nullptr});
        return {};
    }
    crdt::Status sync_folder(std::string_view) noexcept override {
        if (const crdt::Status status = change(); !status) return status;
        durable_names_ = names_;
        unsynced_names_.clear();
        return {};
    }
    bool is_at(const crdt::File& file, std::string_view path) const noexcept override {
        const auto found = names_.find(std::string(path));
        return found != names_.end() && found->second == static_cast<const OpenFile&>(file).inode();
    }

private:
    struct Write {
        std::uint64_t offset = 0;
        Content bytes;
        bool cut = false;  // to `offset`
    };
    struct Inode {
        Content now;
        Content durable;
        std::vector<Write> unsynced;
        bool locked = false;

        template <class Random>
        [[nodiscard]] Content after_crash(Random& random) const {
            constexpr std::uint64_t kSector = 512;
            Content left = durable;
            for (const Write& write : unsynced) {
                if (write.cut) {
                    if (random() % 2 == 0) left.resize(write.offset);
                    continue;
                }
                const std::uint64_t end = write.offset + write.bytes.size();
                const bool all = random() % 3 == 0;
                // The new size may be there without the bytes, which are zeros then.
                if ((all || random() % 3 == 0) && left.size() < end) left.resize(end);
                for (std::uint64_t at = write.offset; at < end;) {
                    const std::uint64_t next = std::min(end, (at / kSector + 1) * kSector);
                    if (all || random() % 2 == 0) {
                        if (left.size() < next) left.resize(next);
                        std::copy(write.bytes.begin() + static_cast<long>(at - write.offset),
                                  write.bytes.begin() + static_cast<long>(next - write.offset),
                                  left.begin() + static_cast<long>(at));
                    }
                    at = next;
                }
            }
            return left;
        }
    };
    struct NameChange {
        std::string from;
        std::string to;
        std::shared_ptr<Inode> inode;
    };

    class OpenFile final : public crdt::File {
    public:
        OpenFile(SimulatedDisk& disk, std::shared_ptr<Inode> inode)
            : disk_(disk), inode_(std::move(inode)) {}
        OpenFile(const OpenFile&) = delete;
        OpenFile& operator=(const OpenFile&) = delete;
        ~OpenFile() override {
            if (locks_) inode_->locked = false;
        }

        [[nodiscard]] const std::shared_ptr<Inode>& inode() const { return inode_; }
        [[nodiscard]] crdt::Result<std::uint64_t> size() const noexcept override {
            return std::uint64_t{inode_->now.size()};
        }
        crdt::Status read(std::uint64_t offset,
                          std::span<std::uint8_t> into) const noexcept override {
            if (offset + into.size() > inode_->now.size()) return crdt::ErrorCode::unexpected_end;
            std::copy_n(inode_->now.begin() + static_cast<long>(offset), into.size(), into.begin());
            return {};
        }
        crdt::Status write(std::uint64_t offset, crdt::ByteView bytes) noexcept override {
            const crdt::Status status = disk_.change();
            // What fails has often written a part.
            if (!status) bytes = bytes.first(bytes.size() / 2);
            if (inode_->now.size() < offset + bytes.size())
                inode_->now.resize(offset + bytes.size());
            std::copy(bytes.begin(), bytes.end(), inode_->now.begin() + static_cast<long>(offset));
            inode_->unsynced.push_back({offset, Content(bytes.begin(), bytes.end())});
            return status;
        }
        crdt::Status cut(std::uint64_t size) noexcept override {
            if (const crdt::Status status = disk_.change(); !status) return status;
            inode_->now.resize(size);
            inode_->unsynced.push_back({size, {}, true});
            return {};
        }
        crdt::Status sync() noexcept override {
            if (const crdt::Status status = disk_.change(); !status) return status;
            inode_->durable = inode_->now;
            inode_->unsynced.clear();
            return {};
        }
        [[nodiscard]] crdt::ByteView map(std::uint64_t) noexcept override { return {}; }
        crdt::Status lock() noexcept override {
            if (inode_->locked) return crdt::ErrorCode::in_use;
            inode_->locked = locks_ = true;
            return {};
        }
        crdt::Status unlock() noexcept override {
            if (locks_) inode_->locked = locks_ = false;
            return {};
        }

    private:
        SimulatedDisk& disk_;
        std::shared_ptr<Inode> inode_;
        bool locks_ = false;
    };

    std::unique_ptr<crdt::File> opened(std::shared_ptr<Inode> inode) {
        return std::make_unique<OpenFile>(*this, std::move(inode));
    }
    crdt::Status change() {
        if (before_write) before_write();
        if (fail_in < 0) return {};
        if (fail_in > 0) {
            --fail_in;
            return {};
        }
        if (!for_good) fail_in = -1;
        return failure;
    }

    std::map<std::string, std::shared_ptr<Inode>> names_;
    std::map<std::string, std::shared_ptr<Inode>> durable_names_;
    std::vector<NameChange> unsynced_names_;
};

}  // namespace support
