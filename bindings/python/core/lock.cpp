#include "lock.hpp"

namespace ropewalk {

unsigned generation = 0;
constinit thread_local unsigned long thread_number = 0;

namespace {

// All guarded by the GIL.
unsigned long threads = 0;   // that have a number
unsigned long survivor = 0;  // the thread that has forked
unsigned at_work = 0;        // threads in long work
bool forking = false;
Signal& work_ended = *new Signal;  // threads may wait when the process ends

thread_local bool working = false;  // this one, in long work

}  // namespace

unsigned long number_this_thread() noexcept { return thread_number = ++threads; }

bool left_behind(unsigned long thread, unsigned of_generation) noexcept {
    return of_generation != generation && thread != survivor;
}

void Signal::pause() {
    if (bell_ == nullptr || generation_ != generation) {
        // A bell of the parent may be locked for ever: it is left alone.
        static_cast<void>(bell_.release());
        bell_ = std::make_unique<Bell>();
        generation_ = generation;
        waiting_ = 0;
    }
    Bell& bell = *bell_;
    ++waiting_;
    PyThreadState* const state = PyEval_SaveThread();
    {
        std::unique_lock held(bell.mutex);
        // A tell() between giving up the GIL and getting here is missed, so nobody waits for long.
        bell.changed.wait_for(held, std::chrono::milliseconds(2));
    }
    PyEval_RestoreThread(state);
    --waiting_;
}

void Signal::wake() noexcept {
    if (generation_ != generation) return;
    const std::lock_guard held(bell_->mutex);
    bell_->changed.notify_all();
}

void DocLock::wait() {
    if (left_behind(owner_, generation_)) {
        depth_ = 0;
        abandoned_ = true;
    }
    idle_.wait([this] { return depth_ == 0; });
}

void LongWork::begin() {
    if (forking) work_ended.wait([] { return !forking; });
    ++at_work;
    working = true;
}

void LongWork::end() noexcept {
    working = false;
    if (--at_work == 0) work_ended.tell();
}

bool LongWork::pause() noexcept {
    const bool was_working = working;
    if (was_working) end();
    return was_working;
}

void LongWork::go_on() noexcept {
    const py::error_scope outer;
    for (;;) {
        try {
            return begin();
        } catch (py::error_already_set& error) {
            // Ctrl-C: the handler has raised where nothing can be raised.
            error.discard_as_unraisable("ropewalk");
        }
    }
}

void LongWork::before_fork() {
    forking = true;
    work_ended.wait([] { return at_work == 0; });
}

void LongWork::after_fork() {
    forking = false;
    work_ended.tell();
}

void LongWork::after_fork_in_child() {
    ++generation;
    survivor = this_thread();
    after_fork();
}

void add_fork_hooks() {
    const py::object fork = py::getattr(py::module_::import("os"), "register_at_fork", py::none());
    if (fork.is_none()) return;
    fork(py::arg("before") = py::cpp_function(&LongWork::before_fork),
         py::arg("after_in_parent") = py::cpp_function(&LongWork::after_fork),
         py::arg("after_in_child") = py::cpp_function(&LongWork::after_fork_in_child));
}

}  // namespace ropewalk
