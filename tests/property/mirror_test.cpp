// Events tell all there is: a mirror that hears nothing else always equals the document.
#include "support/mirror.hpp"
#include "property.hpp"
#include "support/network.hpp"

using support::DocMirror;
using support::Network;

TEST_CASE("a mirror that follows deep events equals its document, whatever the network does") {
    holds("mirror", [](const Steps& steps) {
        Network net({1, 2, 0x1fffffffffffff});
        std::vector<std::unique_ptr<DocMirror>> mirrors;
        for (std::size_t i = 0; i < net.size(); ++i) {
            mirrors.push_back(std::make_unique<DocMirror>(net[i]));
        }
        const auto check = [&] {
            for (const auto& mirror : mirrors) {
                const std::string wrong = mirror->difference();
                if (!wrong.empty()) RC_FAIL(wrong);
            }
        };
        for (const std::uint32_t seed : steps) {
            net.step(seed);
            check();
        }
        net.settle();
        check();
    });
}

// An observer in front of the mirror edits text: what the mirror is told of the change before must
// not have that in it.
TEST_CASE("a mirror follows a document that is edited by an observer") {
    holds("mirror of an answering document", [](const Steps& steps) {
        Network net({1, 2});
        net.check_text(false);  // more is edited than it knows of
        const DocMirror mirror(net[0]);
        bool answering = false;
        std::uint32_t seed = 0;
        const auto answer = [&](const auto&) noexcept {
            if (answering) return;
            answering = true;
            support::Random pick(++seed);
            support::edit_text(net[0].text("t"), pick).value();
            answering = false;
        };
        const crdt::Subscription direct = net[0].text("t").observe(answer);
        const crdt::Subscription deep = net[0].array("a").observe_deep(answer);
        for (const std::uint32_t step : steps) {
            net.step(step);
            const std::string wrong = mirror.difference();
            if (!wrong.empty()) RC_FAIL(wrong);
        }
    });
}
