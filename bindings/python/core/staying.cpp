// What becomes of this module's threads when the interpreter ends.
//
// CPython before 3.14 ends a thread that then asks for the GIL with pthread_exit(), which glibc
// makes of a forced unwinding of the stack. That must not reach the functions of this module: what
// they clean up would be done without the GIL, a noexcept one would end the process, and so would
// our own copy of the C++ runtime, which cannot read the frames of the system's unwinder.
//
// Unwinding asks each function that has something to do then, by its personality routine. The
// linker puts those below before that of C++, and before that of C, which GCC gives to functions
// that only clean up when it optimizes all files at once (--wrap in CMakeLists.txt). The thread
// stays where it is until the process ends, as it does in 3.14, and nothing that it was at work on
// is touched again.
#if defined(__linux__)
#include <unwind.h>

#include <chrono>
#include <thread>

namespace {

using Personality = _Unwind_Reason_Code(
    int, _Unwind_Action, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*);

void stay_if_forced(_Unwind_Action actions) {
    while ((actions & _UA_FORCE_UNWIND) != 0) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these are the linker's names.
extern "C" {

Personality __real___gxx_personality_v0;
Personality __wrap___gxx_personality_v0;

_Unwind_Reason_Code __wrap___gxx_personality_v0(int version,
                                                _Unwind_Action actions,
                                                _Unwind_Exception_Class kind,
                                                _Unwind_Exception* exception,
                                                _Unwind_Context* context) {
    stay_if_forced(actions);
    return __real___gxx_personality_v0(version, actions, kind, exception, context);
}

#if defined(__GNUC__) && !defined(__clang__)
Personality __real___gcc_personality_v0;
Personality __wrap___gcc_personality_v0;

_Unwind_Reason_Code __wrap___gcc_personality_v0(int version,
                                                _Unwind_Action actions,
                                                _Unwind_Exception_Class kind,
                                                _Unwind_Exception* exception,
                                                _Unwind_Context* context) {
    stay_if_forced(actions);
    return __real___gcc_personality_v0(version, actions, kind, exception, context);
}
#endif

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
#endif
