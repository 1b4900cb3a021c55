// Runs a fuzz target on files, with any compiler:
//
//   replay_<target> [--mutations=N] [--seed=S] FILE-OR-FOLDER...
//
// Each file once, then N inputs made from them by cutting, flipping, repeating and joining; the
// same N for the same seed. An input that ends the program is saved and named.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// There with a sanitizer only.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using Input = std::vector<std::uint8_t>;

const Input* running = nullptr;
std::string program;

// The process is lost; what counts is that the input is not.
void save_running_input() {
    if (running == nullptr) return;
    const Input& input = *running;
    running = nullptr;
    std::uint64_t name = 14695981039346656037U;  // FNV-1a: equal inputs have one file
    for (const std::uint8_t byte : input) name = (name ^ byte) * 1099511628211U;
    std::string path = "crash-0123456789abcdef";
    std::snprintf(path.data() + 6, 17, "%016llx", static_cast<unsigned long long>(name));
    if (std::FILE* file = std::fopen(path.c_str(), "wb"); file != nullptr) {
        std::fwrite(input.data(), 1, input.size(), file);
        std::fclose(file);
    }
    std::fprintf(stderr, "\nthis input of %zu bytes ended the program; repeat with:\n  %s %s\n",
                 input.size(), program.c_str(), std::filesystem::absolute(path).c_str());
}

void on_signal(int signal) {
    save_running_input();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void run(const Input& input) {
    running = &input;
    LLVMFuzzerTestOneInput(input.data(), input.size());
    running = nullptr;
}

Input read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

// SplitMix64: the same everywhere, unlike the distributions of the standard library.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }

private:
    std::uint64_t state_;
};

using Offset = Input::difference_type;

// A stretch of `input`, of at most 32 bytes mostly.
std::pair<Offset, Offset> stretch(const Input& input, Random& random) {
    const std::size_t first = random.below(input.size() + 1);
    const std::size_t most = random.below(8) == 0 ? input.size() : 32;
    const std::size_t length = std::min(input.size() - first, random.below(most + 1));
    return {static_cast<Offset>(first), static_cast<Offset>(first + length)};
}

void mutate(Input& input, const Input& other, Random& random) {
    static constexpr std::uint8_t kTelling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xc0, 0x40, 0xed};
    const std::size_t at = random.below(input.size() + 1);
    const auto place = input.begin() + static_cast<Offset>(at);
    switch (random.below(7)) {
        case 0:
            if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
            break;
        case 1:
            if (at < input.size()) input[at] = kTelling[random.below(std::size(kTelling))];
            break;
        case 2:
            if (at < input.size()) {
                const auto step = static_cast<std::uint8_t>(random.below(5) + 254);  // -2 .. +2
                input[at] = static_cast<std::uint8_t>(input[at] + step);
            }
            break;
        case 3:
            input.insert(place, static_cast<std::uint8_t>(random.next()));
            break;
        case 4: {
            const auto [first, last] = stretch(input, random);
            input.erase(input.begin() + first, input.begin() + last);
            break;
        }
        case 5: {
            const auto [first, last] = stretch(other, random);
            input.insert(place, other.begin() + first, other.begin() + last);
            break;
        }
        default:
            input.resize(at);
            break;
    }
    if (input.size() > 65536) input.resize(65536);
}

bool read_option(std::string_view argument, std::string_view name, std::uint64_t& value) {
    if (!argument.starts_with(name)) return false;
    argument.remove_prefix(name.size());
    const char* const end = argument.data() + argument.size();
    if (std::from_chars(argument.data(), end, value).ptr != end) {
        std::fprintf(stderr, "%.*s wants a number\n", static_cast<int>(name.size()), name.data());
        std::exit(2);
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    program = std::filesystem::absolute(argv[0]).string();
    std::uint64_t mutations = 0;
    std::uint64_t seed = 1;
    std::vector<std::filesystem::path> paths;
    for (int i = 1; i < argc; ++i) {
        if (read_option(argv[i], "--mutations=", mutations)) continue;
        if (read_option(argv[i], "--seed=", seed)) continue;
        if (!std::filesystem::is_directory(argv[i])) {
            paths.emplace_back(argv[i]);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            if (entry.is_regular_file()) paths.push_back(entry.path());
        }
    }
    if (paths.empty()) {
        std::fprintf(stderr, "usage: %s [--mutations=N] [--seed=S] FILE-OR-FOLDER...\n", argv[0]);
        return 2;
    }
    std::sort(paths.begin(), paths.end());  // a folder's own order differs between machines

    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(save_running_input);
    }
    std::signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback == nullptr) std::signal(SIGSEGV, on_signal);

    std::vector<Input> inputs;
    for (const auto& path : paths) {
        inputs.push_back(read(path));
        run(inputs.back());
    }
    run({});
    Random random(seed);
    Input input;
    for (std::uint64_t i = 0; i < mutations; ++i) {
        input = inputs[random.below(inputs.size())];
        for (std::size_t steps = random.below(4) + 1; steps > 0; --steps) {
            mutate(input, inputs[random.below(inputs.size())], random);
        }
        run(input);
    }
    std::printf("%zu inputs and %llu mutations of them (seed %llu)\n", inputs.size() + 1,
                static_cast<unsigned long long>(mutations), static_cast<unsigned long long>(seed));
    return 0;
}
