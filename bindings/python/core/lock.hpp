// Who is at work on a document, and how others wait.
//
// Short work is done with the GIL held, long work without it; in both cases the document belongs to
// one thread, which may come again (an observer reads). The state is guarded by the GIL, so that
// taking an idle document costs two words; only who has to wait touches a mutex.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "python.hpp"

namespace ropewalk {

// How many forks lie between this process and the one that loaded the module. In a child there is
// only the thread that has forked: what others had entered, or waited for, is theirs no more.
extern unsigned generation;

// The number of this thread, and of no other before or after it, which may well have its identity.
extern constinit thread_local unsigned long thread_number;
[[nodiscard]] unsigned long number_this_thread() noexcept;
[[nodiscard]] ROPEWALK_ALWAYS_INLINE unsigned long this_thread() noexcept {
    const unsigned long number = thread_number;
    return number != 0 ? number : number_this_thread();
}
// Is a thread gone that was there, and had this number, in that generation?
[[nodiscard]] bool left_behind(unsigned long thread, unsigned of_generation) noexcept;

// Waiting, without the GIL, for something that changes with the GIL held.
class Signal {
public:
    // False: it did not hold in time. `seconds` negative: for ever. Ctrl-C is noticed: raises. So
    // does the end of the interpreter, for no other thread runs then.
    template <class Holds>
    bool wait(Holds&& holds, double seconds = -1) {
        const auto start = std::chrono::steady_clock::now();
        const std::chrono::duration<double> limit(seconds);
        while (!holds()) {
            if (seconds >= 0 && std::chrono::steady_clock::now() - start >= limit) return false;
            pause();
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            if (ending()) raise(PyExc_RuntimeError, "the interpreter is ending");
        }
        return true;
    }
    // Something has changed.
    void tell() noexcept {
        if (waiting_ != 0) [[unlikely]]
            wake();
    }

private:
    struct Bell {
        std::mutex mutex;
        std::condition_variable changed;
    };
    void pause();
    void wake() noexcept;

    unsigned waiting_ = 0;
    unsigned generation_ = 0;     // of `waiting_` and of the bell
    std::unique_ptr<Bell> bell_;  // made by the first who waits
};

class DocLock {
public:
    ROPEWALK_ALWAYS_INLINE void enter() {
        const unsigned long me = this_thread();
        if (depth_ != 0 && owner_ != me) [[unlikely]]
            wait();
        owner_ = me;
        ++depth_;
        generation_ = generation;
    }
    ROPEWALK_ALWAYS_INLINE void leave() noexcept {
        if (--depth_ == 0) idle_.tell();
    }
    // By this thread, or by another one?
    [[nodiscard]] bool mine() const noexcept { return depth_ != 0 && owner_ == this_thread(); }
    [[nodiscard]] bool taken() const noexcept { return depth_ != 0 && owner_ != this_thread(); }
    // Until no other thread has it.
    void wait();
    // Was the process forked while another thread was here, until somebody has looked after that?
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }
    void looked_after() noexcept { abandoned_ = false; }

private:
    unsigned long owner_ = 0;
    unsigned depth_ = 0;
    unsigned generation_ = 0;  // in which it was entered
    bool abandoned_ = false;
    Signal idle_;
};

// Long work on documents that this thread has entered, without the GIL:
//
//   without_gil([&] { status = doc.apply(bytes); });
//
// A fork waits until no thread is in such work: the child then finds every document whole. Who is
// told something by such work, with the GIL, is not in it meanwhile, and may fork.
class LongWork {
public:
    static void begin();
    static void end() noexcept;
    // Interrupts that of this thread, if it is in any.
    [[nodiscard]] static bool pause() noexcept;
    static void go_on() noexcept;
    static void before_fork();
    static void after_fork();
    static void after_fork_in_child();
};

// `work` must not throw.
template <class Work>
void without_gil(Work&& work) {
    LongWork::begin();
    PyThreadState* const state = PyEval_SaveThread();
    work();
    PyEval_RestoreThread(state);
    LongWork::end();
}

void add_fork_hooks();

}  // namespace ropewalk
