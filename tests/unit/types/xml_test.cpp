#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"

using crdt::Any;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::Value;
using crdt::ValueKind;
using crdt::XmlElement;
using crdt::XmlElementInit;
using crdt::XmlFragment;
using crdt::XmlFragmentInit;
using crdt::XmlHookInit;
using crdt::XmlText;
using crdt::XmlTextInit;
using support::broken;
using support::document;
using support::receive;
using support::update_of;

namespace {

XmlTextInit text_with(std::string_view text, std::string key, crdt::Content value) {
    XmlTextInit made(text);
    made.attributes.emplace_back(std::move(key), std::move(value));
    return made;
}

}  // namespace

TEST_CASE("children: inserted, pushed, behind another, erased") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    CHECK(x.empty());
    CHECK(x.push({XmlElementInit("a"), XmlElementInit("c")}).ok());
    CHECK(x.insert(1, {XmlElementInit("b")}).ok());
    CHECK(x.to_string() == "<a></a><b></b><c></c>");
    CHECK(x.insert_after(x.query("a"), {XmlTextInit("t"), XmlHookInit("h")}).ok());
    CHECK(x.to_string() == "<a></a>t[object Object]<b></b><c></c>");
    CHECK(x.erase(1, 2).ok());
    CHECK(x.size() == 3);
    CHECK(x.insert(4, {XmlElementInit("z")}).error().code == ErrorCode::index_out_of_range);
    CHECK(x.erase(2, 2).error().code == ErrorCode::index_out_of_range);
    CHECK(x.get(3).error().code == ErrorCode::index_out_of_range);
    CHECK(x.to_string() == "<a></a><b></b><c></c>");
    CHECK(broken(doc) == "");
}

TEST_CASE("insert_after takes a deleted child, and no other type's") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push({XmlElementInit("a"), XmlElementInit("b", {}, {XmlElementInit("in")})});
    const XmlElement a = x.query("a");
    const XmlElement in = x.query("in");
    CHECK(x.insert_after(in, {XmlElementInit("z")}).error().code == ErrorCode::invalid_argument);
    CHECK(x.insert_after(x, {XmlElementInit("z")}).error().code == ErrorCode::invalid_argument);
    CHECK(x.insert_after(XmlElement(), {XmlElementInit("z")}).error().code ==
          ErrorCode::invalid_argument);
    CHECK(x.erase(0).ok());
    CHECK(x.insert_after(a, {XmlElementInit("c")}).ok());
    CHECK(x.to_string() == "<c></c><b><in></in></b>");
}

TEST_CASE("an element has a name, attributes of any value, and children before its attributes") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push(XmlElementInit("P", {{"b", 1.5}, {"a", nullptr}}, {XmlTextInit("in")}));
    const XmlElement p = x.first_child().xml_element();
    CHECK(p.node_name() == "P");
    CHECK(p.size() == 1);
    CHECK(p.attribute("b").as<double>() == 1.5);
    CHECK(p.attribute("a").any().is_null());
    CHECK_FALSE(p.attribute("c").exists());
    CHECK(p.set_attribute("c", crdt::Binary{}).ok());
    CHECK(p.set_attribute("d", Any::undefined()).ok());
    CHECK(p.remove_attribute("a").ok());
    CHECK(p.remove_attribute("never").ok());
    std::string keys;
    p.for_each_attribute([&](std::string_view key, const Value&) { keys += key; });
    CHECK(keys == "bcd");
    CHECK(x.to_string() == "<p b=\"1.5\" c=\"\" d=\"undefined\">in</p>");
    // In the update the child comes first: clock 0 the element, 1 the text, 2 and 3 its units.
    Doc again = document(2);
    CHECK(receive(again, update_of(doc)).ok());
    CHECK(again.xml_fragment("x").to_string() == x.to_string());
}

TEST_CASE("attributes of texts are apart from what the text shows") {
    Doc doc = document(1);
    const crdt::Text t = doc.text("t");
    t.insert(0, "abc");
    CHECK(t.set_attribute("k", Any::array({1, 2})).ok());
    CHECK(t.to_string() == "abc");
    CHECK(t.attribute("k").any().size() == 2);
    CHECK(t.remove_attribute("k").ok());
    CHECK_FALSE(t.attribute("k").exists());

    doc.xml_fragment("x").push(text_with("in", "lang", "en"));
    const XmlText text = doc.xml_fragment("x").first_child().xml_text();
    CHECK(text.attribute("lang").as<std::string>() == "en");
    CHECK(text.insert(2, "!").ok());
    CHECK(text.to_xml_string() == "in!");
    CHECK(doc.xml_fragment("x").to_string() == "in!");
    CHECK(broken(doc) == "");
}

TEST_CASE("a hook is a map with a name") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push({XmlHookInit("my-hook", {{"k", 1}}), XmlElementInit("p")});
    const crdt::XmlHook hook = x.first_child().xml_hook();
    CHECK(hook.hook_name() == "my-hook");
    CHECK(hook.get<int>("k") == 1);
    CHECK(hook.set("l", 2).ok());
    CHECK(hook.size() == 2);
    CHECK(hook.parent() == x);
    CHECK(hook.next_sibling().kind() == ValueKind::xml_element);
    CHECK_FALSE(hook.previous_sibling().exists());
}

TEST_CASE("siblings and parents, past what was deleted") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push({XmlElementInit("a"), XmlElementInit("b"), XmlTextInit("t"), XmlElementInit("c")});
    const XmlElement a = x.query("a");
    const XmlElement c = x.query("c");
    x.erase(1, 2);
    CHECK(a.next_sibling().xml_element() == c);
    CHECK(c.previous_sibling().xml_element() == a);
    CHECK_FALSE(c.next_sibling().exists());
    CHECK_FALSE(a.previous_sibling().exists());
    c.push({XmlElementInit("in")});
    const XmlElement in = c.first_child().xml_element();
    CHECK(in.parent().element() == c);
    CHECK(c.parent() == x);
    CHECK(x.element().check().error().code == ErrorCode::wrong_type);
    CHECK_FALSE(x.parent().alive());
    CHECK_FALSE(x.next_sibling().exists());
    // An element elsewhere has no XML around it.
    doc.map("m").set("k", XmlElementInit("p"));
    CHECK_FALSE(doc.map("m").get("k").xml_element().parent().alive());
}

TEST_CASE("walking goes down, right and up, and finds by name whatever the case") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push({XmlElementInit("a", {}, {XmlElementInit("b", {}, {XmlTextInit("t")})}),
            XmlFragmentInit{XmlElementInit("B")}, XmlElementInit("c")});
    const auto walked = [](XmlFragment from, std::string_view skipped) {
        std::string names;
        for (crdt::XmlWalker walker = from.walk(); walker.next();) {
            const XmlElement element = walker.value().xml_element();
            const std::string name(element.alive() ? element.node_name() : "-");
            names += name;
            if (name == skipped) walker.skip_children();
        }
        return names;
    };
    CHECK(walked(x, "") == "ab--Bc");
    CHECK(walked(x, "a") == "a-Bc");
    CHECK(walked(x.query("a"), "") == "b-");
    CHECK(walked(x.query("c"), "") == "");
    CHECK(walked(XmlFragment(), "") == "");
    CHECK(x.query_all("b").size() == 2);
    CHECK(x.query_all("nothing").empty());
    CHECK_FALSE(x.query("nothing").alive());
    x.erase(0, 1);
    CHECK(walked(x, "") == "-Bc");
}

TEST_CASE("a walk goes on when its document changes, and ends where its place was collected") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push({XmlElementInit("a", {}, {XmlElementInit("b")}), XmlElementInit("c")});
    crdt::XmlWalker walker = x.walk();
    CHECK(walker.next());
    x.insert(1, {XmlElementInit("d")});
    x.erase(0, 1);
    CHECK(walker.next());
    CHECK(walker.value().xml_element().node_name() == "d");
    crdt::XmlWalker inside = x.walk();
    x.insert(0, {XmlElementInit("e", {}, {XmlElementInit("f")})});
    CHECK(inside.next());
    CHECK(inside.next());
    x.erase(0, 1);
    CHECK_FALSE(inside.next());
}

TEST_CASE("printing follows JavaScript: numbers, arrays, order of names") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push(XmlElementInit("UL"));
    const XmlElement e = x.first_child().xml_element();
    e.set_attribute("a", 1e21);
    e.set_attribute("b", -1.5e-9);
    e.set_attribute("c", 0.000001);
    e.set_attribute("d", Any::array({1, nullptr, Any::array({2, "x"}), Any::object({})}));
    e.set_attribute("\xef\xbf\xbf", true);  // U+FFFF is sorted behind U+1F600
    e.set_attribute("\xf0\x9f\x98\x80", "<&\"");
    e.set_attribute("t", crdt::TextInit("text"));
    e.set_attribute("x", XmlElementInit("IN", {{"k", 1}}));
    CHECK(x.to_string() ==
          "<ul a=\"1e+21\" b=\"-1.5e-9\" c=\"0.000001\" d=\"1,,2,x,[object Object]\" t=\"text\" "
          "x=\"<in k=\"1\"></in>\" \xf0\x9f\x98\x80=\"<&\"\" \xef\xbf\xbf=\"true\"></ul>");
}

TEST_CASE("an embed has tags of its own, also where text behind it has the same formats") {
    Doc doc = document(1);
    const XmlText t = doc.xml_text("t");
    crdt::Attributes bold;
    bold.set("b", Any::object({}));
    CHECK(t.insert(0, "xy", bold).ok());
    CHECK(t.insert_embed(1, 7, bold).ok());
    CHECK(t.insert_embed(1, 8, bold).ok());
    CHECK(t.to_xml_string() == "<b>x</b><b>8</b><b>7</b><b>y</b>");
}

TEST_CASE("roots of XML types; a root is adopted by its first use as a type") {
    Doc doc = document(1);
    CHECK(doc.xml_element("e").set_attribute("k", "v").ok());
    CHECK(doc.xml_element("e").push(XmlTextInit("in")).ok());
    CHECK(doc.xml_element("e").node_name() == "UNDEFINED");
    CHECK(doc.xml_element("e").to_string() == "<undefined k=\"v\">in</undefined>");
    CHECK(doc.xml_text("t").insert(0, "text").ok());
    CHECK(doc.xml_text("t").to_xml_string() == "text");
    CHECK(doc.xml_fragment("t").check().error().code == ErrorCode::wrong_type);

    Doc other = document(2);
    CHECK(receive(other, update_of(doc)).ok());
    CHECK(other.root_kind("e") == ValueKind::absent);
    CHECK(other.root_names() == std::vector<std::string_view>{"e", "t"});
    CHECK(other.xml_fragment("e").to_string() == "in");  // what is there, in another's type
    CHECK(other.root_kind("e") == ValueKind::xml_fragment);
    CHECK(other.root_kind("never") == ValueKind::absent);
    CHECK(other.xml_text("t").to_string() == "text");
}

TEST_CASE("handles of the wrong kind answer wrong_type, of deleted ones deleted_type") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    x.push({XmlElementInit("a"), XmlTextInit("t")});
    const Value text = *x.get(1);
    CHECK(text.xml_element().check().error().code == ErrorCode::wrong_type);
    CHECK(text.xml_hook().check().error().code == ErrorCode::wrong_type);
    CHECK(text.xml_fragment().check().error().code == ErrorCode::wrong_type);
    CHECK(text.text().check().error().code == ErrorCode::wrong_type);
    const XmlElement a = x.query("a");
    x.erase(0, 1);
    CHECK(a.set_attribute("k", 1).error().code == ErrorCode::deleted_type);
    CHECK(a.push(XmlElementInit("b")).error().code == ErrorCode::deleted_type);
    CHECK(a.to_string().empty());
    CHECK(a.node_name().empty());
    CHECK_FALSE(a.next_sibling().exists());
    CHECK(XmlFragment().to_string().empty());
    CHECK(XmlText().to_xml_string().empty());
}

TEST_CASE("contents that cannot be written change nothing") {
    Doc doc = document(1);
    const XmlFragment x = doc.xml_fragment("x");
    CHECK(x.push({XmlElementInit("a"), XmlElementInit("\xff")}).error().code ==
          ErrorCode::invalid_utf8);
    CHECK(x.push(XmlElementInit("a", {{"\xff", 1}})).error().code == ErrorCode::invalid_utf8);
    CHECK(x.push(XmlTextInit("\xc3")).error().code == ErrorCode::invalid_utf8);
    CHECK(x.push(crdt::DocumentInit("\xff")).error().code == ErrorCode::invalid_utf8);
    CHECK(x.empty());
    CHECK(update_of(doc) == std::string(2, '\0'));
}
