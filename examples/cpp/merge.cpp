// Three people edit one letter at once, lose the connection, come back, and end with equal copies.
// Nobody waits for anybody and no server decides: each keystroke is an update of a few bytes that
// the others apply in whatever order it reaches them.
//
//   merge [--fast]     in a terminal it types at a human pace, unless --fast
#include <crdt/crdt.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Update = std::vector<std::uint8_t>;

// For what cannot fail unless this program or the engine is wrong.
void require(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "merge: %.*s\n", static_cast<int>(what.size()), what.data());
    std::exit(1);
}

// One person's copy of the letter. What they write waits in the outbox until it can be sent.
class Person {
public:
    Person(const char* called, const char* drawn_in, std::uint64_t client)
        : name(called),
          colour(drawn_in),
          doc_(crdt::ClientId{client}),
          letter_(doc_.text("letter")) {
        listening_ = doc_.on_update([this](crdt::ByteView update, const crdt::Origin& origin) {
            if (!origin.remote()) outbox_.emplace_back(update.begin(), update.end());
        });
        require(listening_.active(), "out of memory");
    }
    Person(const Person&) = delete;
    Person& operator=(const Person&) = delete;

    // Places are byte offsets into text(); the engine can count in other units too.
    void insert(std::size_t place, std::string_view text) {
        const crdt::Status done = letter_.insert(utf8(place), text);
        require(done.ok(), done.error().message());
    }
    void erase(std::string_view phrase) {
        const crdt::Status done = letter_.erase(utf8(find(phrase)), phrase.size());
        require(done.ok(), done.error().message());
    }
    void receive(crdt::ByteView update) {
        const crdt::Status applied = doc_.apply(update);
        require(applied.ok(), applied.error().message());
    }
    std::vector<Update> take_outbox() { return std::exchange(outbox_, {}); }

    std::size_t find(std::string_view phrase, std::size_t from = 0) const {
        const std::size_t place = text().find(phrase, from);
        require(place != std::string::npos, "a phrase of the letter is gone");
        return place;
    }
    std::string text() const { return letter_.to_string(); }
    const crdt::Doc& doc() const { return doc_; }

    const char* const name;
    const char* const colour;
    bool online = true;

private:
    static crdt::Utf8 utf8(std::size_t place) {
        return crdt::Utf8{static_cast<std::uint32_t>(place)};
    }

    crdt::Doc doc_;
    crdt::Text letter_;
    std::vector<Update> outbox_;
    crdt::Subscription listening_;
};

// Somebody who is about to type `text` behind `anchor`, a key at a time. Others type too, so the
// place is looked up for each key: behind what was typed so far.
struct Typist {
    Person& person;
    std::string_view anchor;
    std::string_view text;  // no other text behind the anchor starts like it
    std::size_t typed = 0;

    bool done() const { return typed == text.size(); }
    void press_key() {
        const std::size_t start = person.find(anchor) + anchor.size();
        const std::string_view so_far = text.substr(0, typed);
        person.insert(person.find(so_far, start) + typed, text.substr(typed, 1));
        ++typed;
    }
};

class Demo {
public:
    explicit Demo(bool in_terminal, bool live) : in_terminal_(in_terminal), live_(live) {}

    void run();

private:
    void type(std::vector<Typist> typists);
    // Sends what waits: to everybody who is online, the latest update first.
    void deliver();
    // Comes back online: two people tell what they have, and send each other what is lacking.
    void reconnect(Person& person, Person& other);

    void say(std::string_view words);
    void show_keystroke();
    void show_scene();
    void print_copies();
    bool equal() const;

    Person alice_{"alice", "\x1b[36m", 1};
    Person bob_{"bob", "\x1b[33m", 2};
    Person carol_{"carol", "\x1b[35m", 3};
    std::array<Person*, 3> people_{&alice_, &bob_, &carol_};
    std::size_t updates_sent_ = 0;
    std::size_t bytes_sent_ = 0;
    bool in_terminal_;
    bool live_;
    bool drawn_ = false;  // the copies stand directly above the cursor
};

void Demo::run() {
    say("Alice starts a letter. The others see each key.");
    type({{alice_, "", "Dear Sir, thanks."}});
    show_scene();

    say("All three type at once, in different places.");
    type(
        {{alice_, "thanks", " for the map"}, {bob_, "Dear Sir", " or Madam"}, {carol_, "", "4: "}});
    show_scene();

    say("Bob loses the connection. Everybody goes on; his copy and theirs part.");
    bob_.online = false;
    type({{alice_, "the map", " and key"}, {bob_, "the map", " too"}, {carol_, "4", "2"}});
    bob_.erase("Dear ");
    deliver();
    show_scene();

    say("Bob comes back. He sends what he wrote and receives what he missed, nothing twice.");
    reconnect(bob_, alice_);
    show_scene();

    say("The hard case: all three type in one place, at the same moment.");
    type({{alice_, "or ", "ALICE "}, {bob_, "or ", "BOB "}, {carol_, "or ", "CAROL "}});
    show_scene();

    require(equal(), "the copies differ");
    const auto everything = alice_.doc().encode_state_as_update();
    require(everything.ok(), "the letter could not be encoded");
    std::printf(
        "The three copies are equal, with no lock and no server that decides.\n"
        "%zu updates of %zu bytes on average were sent; the letter with its history has "
        "%zu bytes.\n",
        updates_sent_, bytes_sent_ / updates_sent_, everything->size());
}

void Demo::type(std::vector<Typist> typists) {
    for (bool done = false; !done;) {
        done = true;
        for (Typist& typist : typists) {
            if (typist.done()) continue;
            typist.press_key();
            done = false;
        }
        deliver();  // only now: the keys of one round cross on the way
        show_keystroke();
    }
}

void Demo::deliver() {
    std::vector<std::pair<const Person*, Update>> on_the_way;
    for (Person* from : people_) {
        if (!from->online) continue;
        for (Update& update : from->take_outbox()) on_the_way.emplace_back(from, std::move(update));
    }
    for (; !on_the_way.empty(); on_the_way.pop_back()) {
        const auto& [from, update] = on_the_way.back();
        ++updates_sent_;
        bytes_sent_ += update.size();
        for (Person* to : people_) {
            if (to != from && to->online) to->receive(update);
        }
    }
}

void Demo::reconnect(Person& person, Person& other) {
    const auto known_here = person.doc().state_vector();
    const auto known_there = other.doc().state_vector();
    require(known_here.ok() && known_there.ok(), "out of memory");
    const auto missed = other.doc().encode_state_as_update(*known_here);
    const auto written = person.doc().encode_state_as_update(*known_there);
    require(missed.ok() && written.ok(), "out of memory");
    std::printf("   he receives %zu bytes and sends %zu\n", missed->size(), written->size());

    static_cast<void>(person.take_outbox());  // `written` holds it all
    person.online = true;
    person.receive(*missed);
    for (Person* to : people_) {
        if (to != &person) to->receive(*written);
    }
}

bool Demo::equal() const {
    const auto first = alice_.doc().encode_canonical();
    for (const Person* person : people_) {
        const auto bytes = person->doc().encode_canonical();
        if (!first || !bytes || !(*bytes == *first)) return false;
        if (person->text() != alice_.text()) return false;
    }
    return true;
}

void Demo::say(std::string_view words) {
    const char* const bold = in_terminal_ ? "\x1b[1m" : "";
    const char* const plain = in_terminal_ ? "\x1b[0m" : "";
    std::printf("%s%.*s%s\n", bold, static_cast<int>(words.size()), words.data(), plain);
    drawn_ = false;
}

void Demo::print_copies() {
    if (drawn_) std::printf("\x1b[%zuA", people_.size());  // over the last ones
    for (const Person* person : people_) {
        const char* const colour = in_terminal_ ? person->colour : "";
        const char* const plain = in_terminal_ ? "\x1b[0m\x1b[K" : "";
        std::printf("   %s%-6s%s%s %s\n", colour, person->name, person->online ? "|" : ":", plain,
                    person->text().c_str());
    }
    drawn_ = in_terminal_;
}

void Demo::show_keystroke() {
    if (!live_) return;
    print_copies();
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
}

void Demo::show_scene() {
    print_copies();
    std::printf("   %s\n\n", equal() ? "equal" : "different until they meet again");
    std::fflush(stdout);
    if (live_) std::this_thread::sleep_for(std::chrono::milliseconds(900));
}

}  // namespace

int main(int count, char** arguments) try {
    const bool fast = count > 1 && std::string_view(arguments[1]) == "--fast";
    const bool in_terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    Demo(in_terminal, in_terminal && !fast).run();
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "merge: %s\n", error.what());
    return 1;
}
