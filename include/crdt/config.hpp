// The only compiler and platform macros of the engine.
#pragma once

#include <cstdio>
#include <cstdlib>

// ROPEWALK_COMPILED is set by the target ropewalk::ropewalk, whose library holds the bodies of
// impl/. Without it every header includes its own .ipp and the bodies are inline.
#if defined(ROPEWALK_COMPILED) && ROPEWALK_COMPILED
#define ROPEWALK_INLINE
#else
#define ROPEWALK_INLINE inline
#endif

// ROPEWALK_CHECKS: 0 off, 1 cheap (assertions), 2 full (every invariant after every write).
#ifndef ROPEWALK_CHECKS
#ifdef NDEBUG
#define ROPEWALK_CHECKS 0
#else
#define ROPEWALK_CHECKS 1
#endif
#endif

// Built for size (-Os, -Oz): templates give way to one body for all types where that is smaller.
#ifdef __OPTIMIZE_SIZE__
#define ROPEWALK_SMALL 1
#else
#define ROPEWALK_SMALL 0
#endif

// A broken promise of our own, never a consequence of input.
#if ROPEWALK_CHECKS
#define ROPEWALK_ASSERT(condition, message)                                                      \
    ((condition) ? static_cast<void>(0)                                                          \
                 : (std::fprintf(stderr, "ropewalk: %s (%s:%d)\n", message, __FILE__, __LINE__), \
                    std::abort()))
#else
#define ROPEWALK_ASSERT(condition, message) static_cast<void>(0)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ROPEWALK_LIKELY(x) __builtin_expect(!!(x), 1)
#define ROPEWALK_UNLIKELY(x) __builtin_expect(!!(x), 0)
// A copy at each call is worth its bytes only to who builds for speed.
#if ROPEWALK_SMALL
#define ROPEWALK_ALWAYS_INLINE inline
#else
#define ROPEWALK_ALWAYS_INLINE inline __attribute__((always_inline))
#endif
// What is hardly larger than a call of it.
#define ROPEWALK_INLINE_ANYWAY inline __attribute__((always_inline))
#define ROPEWALK_NEVER_INLINE __attribute__((noinline))
#else
#define ROPEWALK_LIKELY(x) (x)
#define ROPEWALK_UNLIKELY(x) (x)
#define ROPEWALK_ALWAYS_INLINE inline
#define ROPEWALK_INLINE_ANYWAY inline
#define ROPEWALK_NEVER_INLINE
#endif

// What is built for size inlines little; functions with this have copies of what they call.
#if ROPEWALK_SMALL && defined(__clang__)
#define ROPEWALK_HOT __attribute__((flatten))
#else
#define ROPEWALK_HOT
#endif
