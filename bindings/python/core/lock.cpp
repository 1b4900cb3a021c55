#include "lock.hpp"

namespace ropewalk {

unsigned generation = 0;

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
    idle_.wait([this] { return depth_ == 0 || generation_ != generation; });
    if (generation_ != generation) depth_ = 0;
}

namespace {

// Both guarded by the GIL.
unsigned at_work = 0;
bool forking = false;
Signal& work_ended = *new Signal;  // threads may wait when the process ends

}  // namespace

void LongWork::begin() {
    if (forking) work_ended.wait([] { return !forking; });
    ++at_work;
}

void LongWork::end() noexcept {
    if (--at_work == 0) work_ended.tell();
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
