// Named cases of the order in which Yjs deletes and tidies: which marks go after a remote change,
// and which ids their copies get when that is undone, depend on it. The bytes are Yjs' own.
#include <doctest/doctest.h>

#include <crdt/doc/undo_manager.hpp>
#include <string_view>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::Doc;
using crdt::Text;
using support::broken;
using support::canonical;
using support::document;

namespace {

void receive_hex(Doc& doc, std::string_view update) {
    REQUIRE(doc.apply(test::hex(update)).ok());
    CHECK(broken(doc) == "");
}

void check_is(const Doc& doc, std::string_view what_yjs_has) {
    Doc loaded = document(78);  // knows of no text, and so tidies nothing
    receive_hex(loaded, what_yjs_has);
    CHECK(canonical(doc) == canonical(loaded));
}

}  // namespace

TEST_CASE("museum: a value that arrives deleted counts after the value that it replaces") {
    // A mark of client 2 is deleted together with text of client 9. Client 9 also brings a value
    // of a key that is deleted already: what it replaces is the first deletion of all, and of
    // client 2, so that the mark is met before the text. Nothing is tidied around that.
    Doc doc = document(77);
    static_cast<void>(doc.text("t"));
    receive_hex(doc,
                "0206090004010174016184090002626384090205646566676804"
                "01016e0178c60900090101690474727565c6090209030169046e756c6c050200c60905090604626f6c"
                "640474727565c60906090704626f6c64046e756c6c28010174016b017d01c609010902016904747275"
                "65c6090309040169046e756c6c00");
    receive_hex(doc, "0101090b21010174016b0102090202010b0102010001");
    check_is(doc,
             "020b0900040101740161840900016281090101840902016484090302656684090501678409060168"
             "0401016e0178c60900090101690474727565c6090209030169046e756c6c21010174016b01050200c1"
             "0905090601c60906090704626f6c64046e756c6c21010174016b01c60901090201690474727565c609"
             "0309040169046e756c6c02090202010b01020200010201");
}

TEST_CASE("museum: what a deleted type held counts right after the type") {
    // Client 9's map goes, with a value of client 2; then text of client 5; then a mark of client
    // 2. The value makes client 2 the second: the mark is met before the text.
    Doc doc = document(77);
    static_cast<void>(doc.text("t"));
    static_cast<void>(doc.array("a"));
    receive_hex(doc,
                "030309000701016101c60501050201690474727565c6050305040169046e756c6c0905000401017401"
                "6184050001628405010163840502016484050302656684050501678405060168c60500050101690474"
                "727565c6050205030169046e756c6c030200c60505050604626f6c640474727565c60506050704626f"
                "6c64046e756c6c28000900016b0177017600");
    receive_hex(doc, "0003090100010501020102010001");
    check_is(doc,
             "030309000101016101c60501050201690474727565c6050305040169046e756c6c0905000401017401"
             "61840500016281050101840502016484050302656684050501678405060168c6050005010169047472"
             "7565c6050205030169046e756c6c030200c10505050601c60506050704626f6c64046e756c6c000103"
             "0901000105010201020200010201");
}

TEST_CASE("museum: needless marks of a gap are deleted from the last to the first") {
    // Of clients 2 and 9, in this order. When that is undone client 9's comes back first.
    Doc doc = document(77);
    const Text text = doc.text("t");
    receive_hex(
        doc,
        "03020900c60500050104626f6c640474727565c60501050204626f6c64046e756c6c03050004010174"
        "016184050001628405010163020200c605000501066974616c69630474727565c605010502066974616c"
        "6963046e756c6c00");
    crdt::UndoManager undo(doc, {text});
    receive_hex(doc, "000105010101");
    CHECK(undo.undo());
    check_is(doc,
             "04024d00c60200090004626f6c640474727565c605000200066974616c69630474727565020900c105"
             "00050101c60501050204626f6c64046e756c6c030500040101740161810500018405010163020200c1"
             "0500050101c605010502066974616c6963046e756c6c03090100010501010102010001");
}

TEST_CASE("museum: texts are tidied in the order in which marks came to them") {
    // The first mark of "t1" that goes is client 5's, that of "t2" client 2's.
    Doc doc = document(77);
    const Text second = doc.text("t2");
    const Text first = doc.text("t1");
    receive_hex(doc,
                "010805000401027431016184050002626304010274320161840503026263460500"
                "04626f6c640474727565c60500050104626f6c64046e756c6c46050304626f6c640474727565c60503"
                "050404626f6c64046e756c6c00");
    crdt::UndoManager undo(doc, {second, first});
    receive_hex(doc,
                "0202090046050004626f6c640474727565c60500050104626f6c64046e756c6c02020046050304626f"
                "6c640474727565c60503050404626f6c64046e756c6c00");
    CHECK(undo.undo());
    check_is(doc,
             "04024d0046050604626f6c64047472756546020004626f6c64047472756502090046050004626f6c64"
             "0474727565c60500050104626f6c64046e756c6c080500040102743101618405000262630401027432"
             "016184050302626341050001c60500050104626f6c64046e756c6c46050304626f6c640474727565c6"
             "0503050404626f6c64046e756c6c02020041050301c60503050404626f6c64046e756c6c0205010601"
             "02010001");
}
