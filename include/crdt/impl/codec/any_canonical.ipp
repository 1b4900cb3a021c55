#pragma once

#include <cstring>

#include "../../base/sort.hpp"
#include "../../base/vec.hpp"
#include "../../codec/any.hpp"
#include "../../codec/writer.hpp"
#include "any_validate.ipp"

namespace crdt::detail {

// Rewrites one Any. First pass: the value as a list of nodes in the order of the wire, each with
// the end of its subtree. Second pass: the nodes in canonical order. Both iterate.
class AnyCanonical {
public:
    AnyCanonical(ByteView in, Bytes& out) noexcept : in_(in), out_(out) {}

    [[nodiscard]] bool run() noexcept { return parse() && write(); }

private:
    struct Node {
        std::uint32_t at;    // offset of the tag
        std::uint32_t next;  // the node behind this subtree
        std::uint32_t key_at;
        std::uint32_t key_size;
    };
    struct Member {
        std::uint32_t first;  // node where the key appears first: its place
        std::uint32_t last;   // node where it appears last: its value
        std::uint32_t index;  // array index, kNotIndex for other keys
    };
    static constexpr std::uint32_t kNotIndex = 0xffffffffU;

    [[nodiscard]] std::string_view key_of(std::uint32_t node) const noexcept {
        return as_text(in_.subspan(nodes_[node].key_at, nodes_[node].key_size));
    }

    [[nodiscard]] bool parse() noexcept {
        struct Open {
            std::uint64_t left;
            std::uint32_t node;
            bool object;
        };
        Open open[kMaxNesting + 1];
        std::uint32_t depth = 0;
        const std::uint8_t* p = in_.data();
        open[depth++] = {1, kNotIndex, false};
        while (depth > 0) {
            Open& top = open[depth - 1];
            if (top.left == 0) {
                if (top.node != kNotIndex) {
                    nodes_[top.node].next = static_cast<std::uint32_t>(nodes_.size());
                }
                --depth;
                continue;
            }
            --top.left;
            Node node{};
            if (top.object) {
                node.key_size = static_cast<std::uint32_t>(get_var_uint(p));
                node.key_at = offset_of(p);
                p += node.key_size;
            }
            node.at = offset_of(p);
            node.next = static_cast<std::uint32_t>(nodes_.size() + 1);
            const bool object = *p == kTagObject;
            std::uint64_t count = 0;
            p = skip_any_head(p, count);
            if (!nodes_.push_back(node)) return false;
            if (count > 0) {
                ROPEWALK_ASSERT(depth <= kMaxNesting, "an Any that was not validated");
                open[depth++] = {count, static_cast<std::uint32_t>(nodes_.size() - 1), object};
            }
        }
        return true;
    }

    [[nodiscard]] bool write() noexcept {
        struct Open {
            std::uint64_t left;
            std::size_t next;   // array: node; object: place in members_
            std::size_t first;  // object: its members in members_
            bool object;
        };
        Open open[kMaxNesting];
        std::uint32_t depth = 0;
        Writer out(out_);
        std::uint32_t node = 0;
        for (;;) {
            // The node itself.
            const std::uint8_t* const tag = in_.data() + nodes_[node].at;
            if (*tag == kTagArray || *tag == kTagObject) {
                const std::uint8_t* p = tag + 1;
                std::uint64_t count = get_var_uint(p);
                const bool object = *tag == kTagObject;
                const std::size_t first = members_.size();
                if (object && !gather(node, count)) return false;
                out.byte(*tag);
                out.var_uint(count);
                open[depth++] = {count, object ? first : node + std::size_t{1}, first, object};
            } else {
                write_scalar(out, tag);
            }
            // The next one.
            while (depth > 0 && open[depth - 1].left == 0) {
                members_.truncate(open[depth - 1].first);
                --depth;
            }
            if (depth == 0) return out.ok();
            Open& top = open[depth - 1];
            --top.left;
            if (top.object) {
                const Member& member = members_[top.next++];
                node = member.last;
                out.var_string(key_of(node));
            } else {
                node = static_cast<std::uint32_t>(top.next);
                top.next = nodes_[node].next;
            }
        }
    }

    // Appends the members of an object to members_ in canonical order; `count` becomes how many
    // are left without duplicates.
    [[nodiscard]] bool gather(std::uint32_t object, std::uint64_t& count) noexcept {
        const std::size_t first = members_.size();
        if (!members_.reserve_more(static_cast<std::size_t>(count))) return false;
        std::uint32_t node = object + 1;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::int64_t index = array_index_of(key_of(node));
            members_.push_back_reserved(
                {node, node, index < 0 ? kNotIndex : static_cast<std::uint32_t>(index)});
            node = nodes_[node].next;
        }
        Member* const from = members_.data() + first;
        Member* const to = from + count;
        sort(from, to, [this](const Member& a, const Member& b) {
            const std::string_view x = key_of(a.first);
            const std::string_view y = key_of(b.first);
            if (x != y) return key_less(x, y);
            return a.first < b.first;
        });
        Member* kept = from;
        for (Member* each = from; each != to; ++each) {
            if (kept != from && key_of(kept[-1].first) == key_of(each->first)) {
                kept[-1].last = each->last;
            } else {
                *kept++ = *each;
            }
        }
        sort(from, kept, [](const Member& a, const Member& b) {
            return a.index != b.index ? a.index < b.index : a.first < b.first;
        });
        count = static_cast<std::uint64_t>(kept - from);
        members_.truncate(first + static_cast<std::size_t>(count));
        return true;
    }

    static void write_scalar(Writer& out, const std::uint8_t* tag) noexcept {
        switch (*tag) {
            case kTagInteger:
            case kTagFloat32:
            case kTagFloat64: {
                std::uint8_t bytes[kMaxNumberSize];
                const std::uint8_t* const end = put_any_number(bytes, get_any_number(tag));
                out.raw({bytes, end});
                break;
            }
            case kTagString:
            case kTagBytes: {
                const std::uint8_t* p = tag + 1;
                const auto size = static_cast<std::size_t>(get_var_uint(p));
                out.byte(*tag);
                out.var_bytes({p, size});
                break;
            }
            case kTagBigint:
                out.raw({tag, 9});
                break;
            default:
                out.byte(*tag);
                break;
        }
    }

    [[nodiscard]] std::uint32_t offset_of(const std::uint8_t* p) const noexcept {
        return static_cast<std::uint32_t>(p - in_.data());
    }

    ByteView in_;
    Bytes& out_;
    Vec<Node> nodes_;
    Vec<Member> members_;  // of the objects that are open in write()
};

ROPEWALK_INLINE bool canonicalise_any(ByteView in, Bytes& out) noexcept {
    const std::size_t before = out.size();
    if (AnyCanonical(in, out).run()) return true;
    out.truncate(before);
    return false;
}

}  // namespace crdt::detail
