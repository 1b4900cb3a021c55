// How the memory of the module grows: in steps of an eighth of what it holds. Each step makes the host
// take new views and its collector look at everything; by the page, as the C library asks for it, a
// program that makes documents in a loop spent its time there.
#include <cstddef>

extern "C" int __real_emscripten_resize_heap(std::size_t size);

extern "C" int __wrap_emscripten_resize_heap(std::size_t size) {
    const std::size_t held = __builtin_wasm_memory_size(0) * std::size_t{65536};
    const std::size_t roomy = held + held / 8;  // wraps near 4 GiB, and is refused below
    if (roomy > size && __real_emscripten_resize_heap(roomy) != 0) return 1;
    return __real_emscripten_resize_heap(size);
}
