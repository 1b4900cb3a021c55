"""Typed documents: a recipe book with a declared shape, and a document that pydantic validates."""

# The base classes come from the module that is passed, which mypy cannot follow.
# mypy: disable-error-code=misc

# No annotations from the future: the typed classes read theirs at run time, inside a function.

from typing import Any

import pydantic

from .transcript import Transcript


def cook(crdt: Any, log: Transcript) -> None:
    class Step(crdt.TypedMap):
        text: str
        minutes: int
        done: bool
        tools: crdt.Array[str]

    class Steps(crdt.TypedArray[Step]):
        type: Step

    class Recipe(crdt.TypedMap):
        title: str
        servings: int
        rating: float | None
        steps: Steps
        notes: crdt.Text

    class Book(crdt.TypedDoc):
        recipe: Recipe
        index: crdt.Array[str]
        ratings: crdt.Map[float]
        preface: crdt.Text

    book = Book(crdt.Doc(client_id=1))
    recipe = book.recipe
    recipe.title = "Soda bread"
    recipe.servings = 4
    recipe.rating = 4.5
    recipe.steps = Steps()
    recipe.notes = crdt.Text("Buttermilk is best.")
    mix = Step()
    recipe.steps.append(mix)
    mix.text, mix.minutes, mix.done = "Mix", 10, True
    mix.tools = crdt.Array(["bowl", "spoon"])
    bake = Step(crdt.Map({"text": "Bake", "minutes": 45, "done": False}))
    cool = Step(crdt.Map({"text": "Cool", "minutes": 30, "done": False}))
    recipe.steps.extend([bake, cool])
    book.index.extend(["Soda bread", "Scones"])
    book.ratings["Soda bread"] = 4.5
    book.preface += "For rainy days."
    log.say("book", {key: book._[key] for key in sorted(book._.keys())})
    log.say("first step", [recipe.steps[0].text, recipe.steps[0].minutes, recipe.steps[0].done])
    log.say("tools", recipe.steps[0].tools)
    log.say("kinds", [type(recipe).__name__, type(recipe.steps).__name__])
    log.say("kind of a step", isinstance(recipe.steps[1], Step))
    log.say("raw kinds", [type(recipe._).__name__, type(recipe.steps._).__name__])
    log.say("number of steps", len(recipe.steps))
    recipe.steps[1] = Step(crdt.Map({"text": "Bake hot", "minutes": 40, "done": False}))
    recipe.rating = None
    log.say("changed", recipe._)

    log.fails("wrong type", lambda: setattr(recipe, "title", 7))
    log.fails("wrong container", lambda: setattr(recipe, "notes", crdt.Map()))
    log.fails("wrong in a union", lambda: setattr(recipe, "rating", "good"))
    log.fails("no such field", lambda: recipe.author)
    log.fails("no field to set", lambda: setattr(recipe, "author", "Ada"))
    log.fails("no root to get", lambda: book.appendix)
    log.fails("no root to set", lambda: setattr(book, "appendix", crdt.Text()))
    log.fails("not set yet", lambda: cool.tools)
    log.fails("past the end", lambda: recipe.steps[7])

    # The same shape over somebody else's document.
    other = Book(crdt.Doc(client_id=2))
    other._.apply_update(book._.get_update())
    log.say("other", [other.recipe.title, other.recipe.steps[1].text, str(other.preface)])
    watched = other.recipe._  # pycrdt's subscription lasts as long as this object does
    watched.observe_deep(lambda found: log.events("other sees", found))
    recipe.servings = 6
    recipe.steps[0].minutes = 12
    other._.apply_update(book._.get_update(other._.get_state()))
    log.say("again over it", Book(other).recipe.servings)
    log.say("over a map", Recipe(other._["recipe"]).steps[0].minutes)


def validate(crdt: Any, log: Transcript) -> None:
    class Account(pydantic.BaseModel):
        owner: str
        tags: list[str]
        limits: dict[str, pydantic.PositiveInt]

    def fresh() -> dict[str, Any]:
        return {
            "owner": crdt.Text("Ada"),
            "tags": crdt.Array(["new"]),
            "limits": crdt.Map({"daily": 10}),
        }

    source = crdt.Doc(fresh(), client_id=1)
    checked = crdt.Doc(
        {"owner": crdt.Text(), "tags": crdt.Array(), "limits": crdt.Map()},
        client_id=2,
        Model=Account,
    )
    checked.apply_update(source.get_update())
    log.say("accepted", {key: checked[key] for key in ("owner", "tags", "limits")})
    source["limits"]["monthly"] = 100
    source["tags"].append("gold")
    checked.apply_update(source.get_update(checked.get_state()))
    log.say("accepted", {key: checked[key] for key in ("owner", "tags", "limits")})

    bad = crdt.Doc(client_id=3)
    for key, kind in (("owner", crdt.Text), ("tags", crdt.Array), ("limits", crdt.Map)):
        bad.get(key, type=kind)
    bad.apply_update(source.get_update())
    bad["limits"]["daily"] = -5
    update = bad.get_update(checked.get_state())
    log.fails("refused", lambda: checked.apply_update(update))
    log.say("as before", {key: checked[key] for key in ("owner", "tags", "limits")})


def untyped(crdt: Any, log: Transcript) -> None:
    """What typed classes stand on: values that go in and out of shared types."""
    doc = crdt.Doc(client_id=1)
    doc["map"] = values = crdt.Map(
        {
            "none": None,
            "flag": True,
            "small": 7,
            "large": 2**53,
            "part": 0.25,
            "text": "naïve ☕",
            "bytes": b"\x00\xff",
            "list": [1, [2, [None, "x"]]],
            "dict": {"a": {"b": [True]}},
            "shared": crdt.Map({"inner": crdt.Array([1, crdt.Text("deep")])}),
        }
    )
    log.say("values", values)
    log.say("kinds", sorted((key, kind(values[key])) for key in values))
    log.say("default", [values.get("absent"), values.get("absent", 3), values.pop("absent", 4)])
    log.say("popped", values.pop("list"))
    log.fails("popped twice", lambda: values.pop("list"))
    log.fails("key that is no text", lambda: values.__setitem__(1, 2))
    log.say("has", ["flag" in values, "list" in values, len(values)])
    doc["array"] = array = crdt.Array([1, "two", None, 4])
    log.say("slices", [array[1:3], array[-1], 4 in array, "three" in array])
    array.insert(1, 1.5)
    array[0] = "one"
    log.say("popped", [array.pop(), array.pop(0), array])
    array = [0] + array  # noqa: RUF005 - it is the operator that is tried
    array += [9]
    log.say("around", array)
    log.fails("past the end", lambda: array[99])
    log.fails("deleted past the end", lambda: array.__delitem__(99))
    log.say("not in a document", [crdt.Map({"a": 1}).is_prelim, crdt.Array([1, 2]).to_py()])
    log.fails("no document", lambda: crdt.Text("alone").doc)
    values.clear()
    array.clear()
    log.say("cleared", [values, array, len(array)])


def kind(value: object) -> str:
    """Numbers are one kind, and so are bytes: pycrdt makes a float of every small int, and a
    bytearray of bytes."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number:
        return "number"
    return "bytes" if isinstance(value, bytearray) else type(value).__name__


def main(crdt: Any) -> list[str]:
    log = Transcript()
    for part in (cook, validate, untyped):
        log.say(f"-- {part.__name__}")
        part(crdt, log)
    return log.lines
