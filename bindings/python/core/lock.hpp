// Who is at work on a document, and how others wait.
//
// Short work is done with the GIL held, long work without it; in both cases the document belongs to
// one thread, which may come again (an observer reads). The state is guarded by the GIL, so that
// taking an idle document costs two words; only who has to wait touches a mutex.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "python.hpp"

namespace ropewalk {

// Waiting, without the GIL, for something that changes with the GIL held.
class Signal {
public:
    // False: it did not hold in time. `seconds` negative: for ever. Ctrl-C is noticed: raises.
    template <class Holds>
    bool wait(Holds&& holds, double seconds = -1) {
        const auto start = std::chrono::steady_clock::now();
        const std::chrono::duration<double> limit(seconds);
        while (!holds()) {
            if (seconds >= 0 && std::chrono::steady_clock::now() - start >= limit) return false;
            pause();
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        }
        return true;
    }
    // Something has changed.
    void tell() noexcept {
        if (waiting_ != 0) [[unlikely]] wake();
    }

private:
    void pause();
    void wake() noexcept;

    unsigned waiting_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
};

class DocLock {
public:
    void enter() {
        const unsigned long me = PyThread_get_thread_ident();
        if (depth_ != 0 && owner_ != me) [[unlikely]] {
            idle_.wait([this] { return depth_ == 0; });
        }
        owner_ = me;
        ++depth_;
    }
    void leave() noexcept {
        if (--depth_ == 0) idle_.tell();
    }

private:
    unsigned long owner_ = 0;
    unsigned depth_ = 0;
    Signal idle_;
};

// Long work on documents that this thread has entered, without the GIL:
//
//   without_gil([&] { status = doc.apply(bytes); });
//
// A fork waits until no thread is in such work: the child then finds every document whole.
class LongWork {
public:
    static void begin();
    static void end() noexcept;
    static void before_fork();
    static void after_fork();
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
