#include "lock.hpp"

namespace ropewalk {

void Signal::pause() {
    ++waiting_;
    PyThreadState* const state = PyEval_SaveThread();
    {
        std::unique_lock held(mutex_);
        // A tell() between giving up the GIL and getting here is missed, so nobody waits for long.
        changed_.wait_for(held, std::chrono::milliseconds(2));
    }
    PyEval_RestoreThread(state);
    --waiting_;
}

void Signal::wake() noexcept {
    const std::lock_guard held(mutex_);
    changed_.notify_all();
}

namespace {

// Both guarded by the GIL.
unsigned at_work = 0;
bool forking = false;
Signal work_ended;

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

void add_fork_hooks() {
    const py::object fork = py::getattr(py::module_::import("os"), "register_at_fork", py::none());
    if (fork.is_none()) return;
    fork(py::arg("before") = py::cpp_function(&LongWork::before_fork),
         py::arg("after_in_parent") = py::cpp_function(&LongWork::after_fork),
         py::arg("after_in_child") = py::cpp_function(&LongWork::after_fork));
}

}  // namespace ropewalk
