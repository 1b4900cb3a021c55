// JSON-like values in lib0's "Any" encoding. One tag byte, then the payload:
//
//   7f undefined   7e null         7d varInt        7c float32    7b float64     7a bigint64
//   79 false       78 true         77 varString     76 object: varUint count, (varString key, Any)*
//   75 array: varUint count, Any*                   74 varBytes
//
// The canonical form is what JavaScript writes for the same value: numbers as varInt if integral
// and at most 2^31-1 in magnitude (-0 is 7d 40), else as float32 if that is exact, else float64;
// one NaN; shortest lengths; keys that are array indexes first, ascending, then the others in
// order of their first appearance, each once with its last value. Equal values, equal bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "limits.hpp"
#include "varint.hpp"

namespace crdt {

enum class AnyKind : std::uint8_t {
    undefined,
    null,
    boolean,
    number,
    bigint,
    string,
    bytes,
    array,
    object,
};

namespace detail {

enum AnyTag : std::uint8_t {
    kTagBytes = 0x74,
    kTagArray = 0x75,
    kTagObject = 0x76,
    kTagString = 0x77,
    kTagTrue = 0x78,
    kTagFalse = 0x79,
    kTagBigint = 0x7a,
    kTagFloat64 = 0x7b,
    kTagFloat32 = 0x7c,
    kTagInteger = 0x7d,
    kTagNull = 0x7e,
    kTagUndefined = 0x7f,
};
inline constexpr std::uint8_t kUndefinedByte = kTagUndefined;
inline constexpr std::size_t kMaxNumberSize = 9;

// Reads one Any and moves p behind it. Strict: known tags, lengths within bounds, UTF-8, nesting.
// `canonical` tells whether the bytes are the canonical form. On failure p stands at the bad byte
// and the error's offset counts from where p stood. Iterative.
[[nodiscard]] Error validate_any(const std::uint8_t*& p,
                                 const std::uint8_t* end,
                                 const Limits& limits,
                                 bool& canonical) noexcept;

// Appends the canonical form of a validated Any. False when memory is exhausted; nothing has been
// appended then. O(n log n) for objects of n members. requires: nests at most kMaxNesting
[[nodiscard]] bool canonicalise_any(ByteView in, Bytes& out) noexcept;

// Behind a validated Any.
[[nodiscard]] const std::uint8_t* skip_any(const std::uint8_t* p) noexcept;

// The canonical form of a number. requires: room for kMaxNumberSize bytes. Returns the end.
std::uint8_t* put_any_number(std::uint8_t* p, double value) noexcept;

// Of a validated number.
[[nodiscard]] double get_any_number(const std::uint8_t* p) noexcept;

}  // namespace detail

class AnyElements;
class AnyMembers;

// A borrowed value: good while the bytes below it are. Questions of another kind than kind()
// answer with 0, false or nothing.
class AnyView {
public:
    AnyView() noexcept : encoded_(&detail::kUndefinedByte, 1) {}
    // requires: one complete, validated encoding; canonical if it is to be compared
    explicit AnyView(ByteView encoded) noexcept : encoded_(encoded) {}

    [[nodiscard]] AnyKind kind() const noexcept;
    [[nodiscard]] bool is_undefined() const noexcept { return kind() == AnyKind::undefined; }
    [[nodiscard]] bool is_null() const noexcept { return kind() == AnyKind::null; }
    [[nodiscard]] bool as_bool() const noexcept { return encoded_[0] == detail::kTagTrue; }
    [[nodiscard]] double as_number() const noexcept {
        return kind() == AnyKind::number ? detail::get_any_number(encoded_.data()) : 0.0;
    }
    [[nodiscard]] std::int64_t as_bigint() const noexcept;
    [[nodiscard]] std::string_view as_string() const noexcept {
        return kind() == AnyKind::string ? as_text(payload()) : std::string_view{};
    }
    [[nodiscard]] ByteView as_bytes() const noexcept {
        return kind() == AnyKind::bytes ? payload() : ByteView{};
    }
    // Elements of an array, members of an object.
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] AnyElements elements() const noexcept;
    [[nodiscard]] AnyMembers members() const noexcept;
    // The member of this name. Linear.
    [[nodiscard]] std::optional<AnyView> find(std::string_view key) const noexcept;

    [[nodiscard]] ByteView encoded() const noexcept { return encoded_; }
    // Canonical bytes: NaN equals itself, 0 does not equal -0, the order of members counts.
    friend bool operator==(const AnyView& a, const AnyView& b) noexcept {
        return as_text(a.encoded_) == as_text(b.encoded_);
    }

private:
    [[nodiscard]] ByteView payload() const noexcept {
        const std::uint8_t* p = encoded_.data() + 1;
        const std::uint64_t size = detail::get_var_uint(p);
        return {p, static_cast<std::size_t>(size)};
    }

    ByteView encoded_;
};

// for (AnyView element : value.elements())
class AnyElements {
public:
    class Iterator {
    public:
        using value_type = AnyView;
        using difference_type = std::ptrdiff_t;
        using reference = AnyView;
        using pointer = void;
        using iterator_category = std::input_iterator_tag;

        Iterator() noexcept = default;
        Iterator(const std::uint8_t* p, std::size_t left) noexcept : p_(p), left_(left) { find(); }
        AnyView operator*() const noexcept { return AnyView(ByteView(p_, behind_)); }
        Iterator& operator++() noexcept {
            p_ = behind_;
            --left_;
            find();
            return *this;
        }
        void operator++(int) noexcept { ++*this; }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
            return a.left_ == b.left_;
        }

    private:
        void find() noexcept {
            if (left_ > 0) behind_ = detail::skip_any(p_);
        }
        const std::uint8_t* p_ = nullptr;
        const std::uint8_t* behind_ = nullptr;
        std::size_t left_ = 0;
    };

    AnyElements(const std::uint8_t* first, std::size_t count) noexcept
        : first_(first), count_(count) {}
    [[nodiscard]] Iterator begin() const noexcept { return {first_, count_}; }
    [[nodiscard]] static Iterator end() noexcept { return {}; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

private:
    const std::uint8_t* first_;
    std::size_t count_;
};

// for (auto [key, value] : object.members())
class AnyMembers {
public:
    class Iterator {
    public:
        using value_type = std::pair<std::string_view, AnyView>;
        using difference_type = std::ptrdiff_t;
        using reference = value_type;
        using pointer = void;
        using iterator_category = std::input_iterator_tag;

        Iterator() noexcept = default;
        Iterator(const std::uint8_t* p, std::size_t left) noexcept : behind_(p), left_(left) {
            find();
        }
        value_type operator*() const noexcept { return {key_, AnyView(ByteView(p_, behind_))}; }
        Iterator& operator++() noexcept {
            --left_;
            find();
            return *this;
        }
        void operator++(int) noexcept { ++*this; }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
            return a.left_ == b.left_;
        }

    private:
        void find() noexcept {
            if (left_ == 0) return;
            const std::uint8_t* p = behind_;
            const auto size = static_cast<std::size_t>(detail::get_var_uint(p));
            key_ = as_text({p, size});
            p_ = p + size;
            behind_ = detail::skip_any(p_);
        }
        const std::uint8_t* p_ = nullptr;
        const std::uint8_t* behind_ = nullptr;
        std::string_view key_;
        std::size_t left_ = 0;
    };

    AnyMembers(const std::uint8_t* first, std::size_t count) noexcept
        : first_(first), count_(count) {}
    [[nodiscard]] Iterator begin() const noexcept { return {first_, count_}; }
    [[nodiscard]] static Iterator end() noexcept { return {}; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

private:
    const std::uint8_t* first_;
    std::size_t count_;
};

// An owned value, kept in canonical form; small ones without an allocation. Making one never
// throws: where memory is exhausted, text is not UTF-8 or nesting exceeds Limits{}.nesting, the
// result reads as undefined and valid() is false, as is everything made from it.
class Any {
public:
    using Member = std::pair<std::string_view, Any>;

    Any() noexcept { set_tag(detail::kTagUndefined); }
    Any(std::nullptr_t) noexcept { set_tag(detail::kTagNull); }
    template <std::same_as<bool> T>
    Any(T value) noexcept {
        set_tag(value ? detail::kTagTrue : detail::kTagFalse);
    }
    // Numbers are doubles, as in JavaScript: beyond 2^53 integers lose digits; see bigint().
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Any(T value) noexcept : Any(static_cast<double>(value)) {}
    Any(double value) noexcept;
    Any(float value) noexcept : Any(static_cast<double>(value)) {}
    Any(std::string_view text) noexcept;
    Any(const char* text) noexcept : Any(std::string_view(text)) {}
    Any(const std::string& text) noexcept : Any(std::string_view(text)) {}
    Any(AnyView value) noexcept;
    template <class T>
        requires(!std::same_as<std::remove_cv_t<T>, char>)
    Any(T*) = delete;  // a pointer is not a boolean

    Any(const Any& other) noexcept;
    Any(Any&& other) noexcept { take(other); }
    Any& operator=(const Any& other) noexcept;
    Any& operator=(Any&& other) noexcept;
    ~Any() { reset(); }

    [[nodiscard]] static Any undefined() noexcept { return {}; }
    [[nodiscard]] static Any null() noexcept { return nullptr; }
    [[nodiscard]] static Any bigint(std::int64_t value) noexcept;
    [[nodiscard]] static Any bytes(ByteView value) noexcept;
    [[nodiscard]] static Any array(std::span<const Any> elements) noexcept;
    [[nodiscard]] static Any array(std::initializer_list<Any> elements) noexcept {
        return array(std::span<const Any>(elements.begin(), elements.size()));
    }
    // Of members with one key the last counts.
    [[nodiscard]] static Any object(std::span<const Member> members) noexcept;
    [[nodiscard]] static Any object(std::initializer_list<Member> members) noexcept {
        return object(std::span<const Member>(members.begin(), members.size()));
    }
    // From untrusted bytes that hold exactly one Any.
    [[nodiscard]] static Result<Any> decode(ByteView encoded, const Limits& limits = {}) noexcept;

    [[nodiscard]] bool valid() const noexcept { return valid_; }
    [[nodiscard]] AnyView view() const noexcept { return AnyView(ByteView(data(), size_)); }
    operator AnyView() const noexcept { return view(); }
    friend bool operator==(const Any& a, const Any& b) noexcept {
        return a.valid_ == b.valid_ && a.view() == b.view();
    }

private:
    static constexpr std::uint32_t kInline = 24;

    [[nodiscard]] const std::uint8_t* data() const noexcept {
        return size_ <= kInline ? inline_ : heap_;
    }
    void set_tag(std::uint8_t tag) noexcept {
        inline_[0] = tag;
        size_ = 1;
    }
    void set_invalid() noexcept {
        set_tag(detail::kTagUndefined);
        valid_ = false;
    }
    // Room for `size` bytes in place of the undefined value this is; nullptr: invalid now.
    [[nodiscard]] std::uint8_t* make_room(std::size_t size) noexcept;
    void set_encoded(ByteView canonical) noexcept;
    void set_sized(std::uint8_t tag, ByteView payload) noexcept;
    // Encoded, but perhaps not canonical or valid.
    [[nodiscard]] Error set_checked(ByteView encoded, const Limits& limits) noexcept;
    void take(Any& other) noexcept;
    void reset() noexcept {
        if (size_ > kInline) detail::release(heap_);
        size_ = 0;
    }

    union {
        std::uint8_t inline_[kInline];
        std::uint8_t* heap_;
    };
    std::uint32_t size_ = 0;
    bool valid_ = true;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/any.ipp"
#include "../impl/codec/any_canonical.ipp"
#include "../impl/codec/any_validate.ipp"
#endif
