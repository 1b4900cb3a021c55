// The allocator of the WebAssembly module, on memory of this machine.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "../../../bindings/wasm/core/heap.hpp"

namespace {

// Grows up to a limit, never moves.
class Stretch {
public:
    explicit Stretch(std::uint32_t most) : bytes_(most / 8 + 1) {}
    [[nodiscard]] std::uint8_t* base() noexcept {
        return reinterpret_cast<std::uint8_t*>(bytes_.data());
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    [[nodiscard]] bool grow_to(std::uint32_t size) noexcept {
        const std::uint32_t paged = (size + 4095) / 4096 * 4096;
        if (paged > (bytes_.size() - 1) * 8) return false;
        size_ = paged;
        return true;
    }

private:
    std::vector<std::uint64_t> bytes_;
    std::uint32_t size_ = 0;
};

struct Block {
    std::uint8_t* at;
    std::size_t size;
    std::uint8_t mark;
};

bool intact(const Block& block) {
    for (std::size_t i = 0; i < block.size; ++i) {
        if (block.at[i] != block.mark) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("wasm heap: what is allocated is aligned, apart, and keeps its bytes") {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        Stretch memory(1U << 22);
        ropewalk::Heap<Stretch> heap(memory);
        std::mt19937 random(seed);
        std::vector<Block> blocks;
        for (int step = 0; step < 4000; ++step) {
            const std::size_t size = (random() % 8 == 0 ? random() % 20000 : random() % 200);
            const auto mark = static_cast<std::uint8_t>(random());
            if (blocks.empty() || random() % 3 != 0) {
                auto* at = static_cast<std::uint8_t*>(heap.allocate(size));
                if (at == nullptr) continue;  // it is full
                REQUIRE(reinterpret_cast<std::uintptr_t>(at) % 8 == 0);
                std::memset(at, mark, size);
                blocks.push_back({at, size, mark});
                continue;
            }
            Block& block = blocks[random() % blocks.size()];
            REQUIRE(intact(block));
            if (random() % 2 == 0) {
                auto* moved = static_cast<std::uint8_t*>(heap.resize(block.at, size));
                if (moved == nullptr) {
                    REQUIRE(intact(block));
                    continue;
                }
                const Block kept{moved, size < block.size ? size : block.size, block.mark};
                REQUIRE(intact(kept));
                std::memset(moved, mark, size);
                block = {moved, size, mark};
            } else {
                heap.release(block.at);
                block = blocks.back();
                blocks.pop_back();
            }
        }
        for (const Block& block : blocks) {
            REQUIRE(intact(block));
            heap.release(block.at);
        }
        // All is one block again: nearly everything fits at once.
        CHECK(heap.allocate(memory.size() - memory.size() / 4) != nullptr);
    }
}

TEST_CASE("wasm heap: it answers nothing when memory is exhausted, and goes on") {
    Stretch memory(1U << 20);
    ropewalk::Heap<Stretch> heap(memory);
    CHECK(heap.allocate(2U << 20) == nullptr);
    CHECK(heap.allocate(~std::size_t{0}) == nullptr);
    void* const large = heap.allocate(700'000);
    REQUIRE(large != nullptr);
    CHECK(heap.resize(large, 3U << 20) == nullptr);
    CHECK(heap.allocate(700'000) == nullptr);
    heap.release(large);
    CHECK(heap.allocate(700'000) != nullptr);
    heap.release(nullptr);
}
