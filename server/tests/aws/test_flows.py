"""The flows of S0 as they are drawn there: what happens, and in which order, is what the diagrams say."""

import asyncio

import pytest
from aws.conftest import running
from aws.people import Person, equal_within, stored
from harness.cloud import dynamodb
from harness.proxy import Proxy

from ropewalk_server.emulator.sources import Faults
from ropewalk_server.protocol.messages import Step2, Update
from ropewalk_server.stores import open_store
from ropewalk_server.stores.dynamodb.calls import Calls


async def both(emulator):
    ann, ben = Person(emulator, "ann"), Person(emulator, "ben")
    for person in (ann, ben):
        await person.connect()
    await equal_within(emulator, [ann, ben], 10)
    return ann, ben


async def part(*people):
    for person in people:
        await person.leave()


async def test_the_sequence_from_a_change_to_its_push(driven):
    """Client -> function -> conditional write -> stream -> function; the push comes from the writer, and
    the stream finds that it is done."""
    ann, ben = await both(driven)
    driven.trace.clear()
    before = driven.metrics.get("appends", 0)
    ann.write("V2")
    await driven.settled()
    assert str(ben) == "V2" and ann.state == "synced"  # before any time has passed
    await driven.clock.advance(0.5)
    mine, his = ann.connection.id, ben.connection.id
    seen = [
        (one.what, one.fields.get("function") or one.fields.get("connection"))
        for one in driven.trace
        if one.what in ("invoke", "posted", "stream")
    ]
    steps = [("invoke", "default"), ("posted", his), ("posted", mine), ("stream", None)]
    places = [seen.index(step) for step in steps]
    assert places == sorted(places), seen
    assert ("invoke", "stream") in seen
    assert driven.metrics["appends"] == before + 1
    # The stream came after the writer, and told nobody anything again.
    assert [one for one in seen[places[3] :] if one[0] == "posted"] == []
    await part(ann, ben)


async def test_a_stale_diff_is_a_conflict_that_is_counted_merged_and_confirmed(driven):
    """Two write version n + 1: the condition of one fails, it takes the next, and both are confirmed."""
    people = [Person(driven, f"p{n}") for n in range(6)]
    for person in people:
        await person.connect()
    await equal_within(driven, people, 10)
    for _ in range(3):
        for person in people:
            person.write(f"{person.name} ")
        await equal_within(driven, people, 10)
    text, history, _ = await stored(driven)
    assert sorted(text.split()) == sorted(f"p{n}" for n in range(6) for _ in range(3))
    assert history.version.seq == len(history.entries)
    assert driven.metrics.get("append_conflicts", 0) > 0
    assert all(person.state == "synced" for person in people)
    await part(*people)


async def test_what_the_store_does_not_take_is_unsynced_and_heals():
    """Retry, retry, then the client is told; what it wrote stays with it, and goes out later."""
    async with Proxy(dynamodb()) as proxy:
        store = {"ROPEWALK_STORE": f"dynamodb://127.0.0.1:{proxy.port}/TABLE?timeout=0.3&patience=0.8"}
        async with running(driven=True) as emulator:
            environ = {"ROPEWALK_STORE": store["ROPEWALK_STORE"].replace("TABLE", emulator.settings.table)}
            emulator.functions.deploy(
                "sockets",
                {
                    name: f"ropewalk_server.lambdas.handlers.{name}"
                    for name in ("connect", "disconnect", "default")
                },
                {**emulator.environ(), **environ},
            )
            ann, ben = await both(emulator)
            proxy.refuse()
            ann.write("not yet stored")
            await emulator.settled()
            assert ann.state == "unsynced" and ann.unsent == 1 and str(ben) == ""
            proxy.heal()
            await equal_within(emulator, [ann, ben], 30)
            assert ann.state == "synced" and str(ben) == "not yet stored"
            await part(ann, ben)


async def test_a_stream_that_is_late_or_lost_delays_nobody():
    faults = Faults(late=1.0)
    async with running(driven=True, faults=faults) as emulator:
        ann, ben = await both(emulator)
        ann.write("now")
        await emulator.settled()
        assert str(ben) == "now" and ann.state == "synced"
        await part(ann, ben)


async def test_the_stream_tells_what_the_writer_could_not(driven):
    """A writer outside of the functions (a server, a script) tells nobody: the stream does."""
    ann, ben = await both(driven)
    other = Person(driven, "other")
    other.write("from elsewhere")
    store = open_store(driven.store_url)
    await store.open()
    await store.append("main/letter", [other.doc.get_update()])
    await store.close()
    assert await equal_within(driven, [ann, ben], 5) <= 1
    await driven.clock.advance(0.5)
    assert str(ann) == str(ben) == "from elsewhere"
    await part(ann, ben)


@pytest.mark.parametrize("doubled", [0.0, 1.0])
async def test_each_record_of_the_stream_has_one_effect(doubled):
    """Each is doubled, and every batch too: nobody gets anything twice."""
    async with running(driven=True, faults=Faults(doubled=doubled)) as emulator:
        ann, ben = await both(emulator)
        for n in range(5):
            ann.write(f"{n}")
            await emulator.clock.advance(0.3)
        await equal_within(emulator, [ann, ben], 5)
        await emulator.clock.advance(2)
        updates = [said for said in ben.said if isinstance(said, Update)]
        assert len(updates) == 5
        assert sum(isinstance(said, Step2) for said in ben.said) == 1
        await part(ann, ben)


async def test_a_poison_record_holds_nobody_up(driven):
    """What cannot be read is counted; what fails is tried, cut out, and put aside."""
    ann, ben = await both(driven)
    calls: Calls = driven._calls()
    await calls(
        "PutItem",
        TableName=driven.settings.table,
        Item={"pk": {"S": "doc#main/poison"}, "sk": {"S": "u#nonsense"}, "f": {"L": [{"B": "eA=="}]}},
    )
    ann.write("behind the poison")
    await driven.clock.advance(1)
    assert str(ben) == "behind the poison"
    assert driven.metrics["poison_records"] >= 1
    (source,) = driven.sources.values()
    assert source.dead_letters == []

    async def fails(event):
        if any("bad" in record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"]):
            raise RuntimeErrorOfFunction
        handled.extend(record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"])
        return {"batchItemFailures": []}

    from ropewalk_server.emulator.functions import FunctionError

    RuntimeErrorOfFunction = FunctionError("RuntimeError", "it always fails")
    handled = []
    source._invoke = fails
    for sk in ("x#1", "x#2", "x#bad", "x#3"):
        item = {"pk": {"S": "other"}, "sk": {"S": sk}}
        await calls("PutItem", TableName=driven.settings.table, Item=item)
    await driven.clock.advance(2)
    assert handled == ["x#1", "x#2", "x#3"]
    assert [r["dynamodb"]["Keys"]["sk"]["S"] for r in source.dead_letters] == ["x#bad"]
    await part(ann, ben)


async def test_part_of_a_batch_that_failed_comes_again(driven):
    """The function names the first record that it could not handle: those before are done."""
    (source,) = driven.sources.values()
    asked = []

    async def fails_once(event):
        keys = [record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"]]
        asked.append(keys)
        if len(asked) == 1:
            number = event["Records"][1]["dynamodb"]["SequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        return {"batchItemFailures": []}

    source._invoke = fails_once
    for sk in ("x#1", "x#2", "x#3"):
        item = {"pk": {"S": "other"}, "sk": {"S": sk}}
        await driven._calls()("PutItem", TableName=driven.settings.table, Item=item)
    await driven.clock.advance(2)
    assert asked == [["x#1", "x#2", "x#3"], ["x#2", "x#3"]] and not source.dead_letters


async def test_what_dynamodb_removes_is_no_news(driven):
    """Rows whose time has come go as REMOVE by the service: the function passes them by."""
    (source,) = driven.sources.values()
    seen = []
    invoke = source._invoke

    async def watched(event):
        seen.extend(event["Records"])
        return await invoke(event)

    source._invoke = watched
    item = {
        "pk": {"S": "doc#main/letter"},
        "sk": {"S": "u#0000000000#000000000099"},
        "ttl": {"N": str(int(driven.clock.now()) + 30)},
    }
    await driven._calls()("PutItem", TableName=driven.settings.table, Item=item)
    await driven.clock.advance(5)
    await driven.clock.skip(120)
    await driven.clock.advance(1)
    removed = [record for record in seen if record["eventName"] == "REMOVE"]
    assert [record["userIdentity"]["principalId"] for record in removed] == [
        "dynamodb.amazonaws.com"
    ]
    assert driven.metrics.get("poison_records", 0) <= 1 and not source.dead_letters


async def test_a_table_for_each_document_behaves_the_same():
    async with running(driven=True, tables="each") as emulator:
        ann, ben = await both(emulator)
        carl = Person(emulator, "carl", document="other")
        await carl.connect()
        ann.write("in a table of its own")
        carl.write("elsewhere")
        await equal_within(emulator, [ann, ben], 10)
        await emulator.clock.advance(3)
        assert str(ben) == "in a table of its own" and str(carl) == "elsewhere"
        assert len(emulator.sources) == 3  # names and notes, and one for each document
        store = open_store(emulator.store_url)
        await store.open()
        other = Person(emulator, "other")
        other.write("! ")
        await store.append("main/letter", [other.doc.get_update()])
        await store.close()
        await emulator.clock.advance(2)
        assert "! " in str(ann) and str(ann) == str(ben) and str(carl) == "elsewhere"
        await part(ann, ben, carl)


async def test_a_second_function_reads_the_stream_beside_the_first(driven):
    """An index, say: it gets each record once, if it tells them apart by document and version."""
    from ropewalk_server.emulator.sources import Source
    from ropewalk_server.stores.dynamodb.streams import version_in

    indexed = {}

    async def index(event):
        for record in event["Records"]:
            if record["eventName"] != "REMOVE":
                found = version_in(record["dynamodb"]["NewImage"])
                if found is not None:
                    indexed[found] = indexed.get(found, 0) + 1
        return None

    second = Source(
        driven._calls(),
        driven._calls("DynamoDBStreams_20120810"),
        driven.settings.table,
        index,
        driven.clock,
        driven.settings.reading,
        lambda *_, **__: None,
        Faults(doubled=1.0),
    )
    await second.start()
    ann, ben = await both(driven)
    for n in range(3):
        ann.write(str(n))
        await driven.clock.advance(0.5)
    await driven.clock.advance(2)
    await second.close()
    assert sorted(version.seq for _, version in indexed) == [1, 2, 3]
    await part(ann, ben)


async def test_the_states_of_a_change(driven):
    """V1 -> V2 -> V3, and V1 -> failed -> V2: all edges of the diagram, as the client sees them."""
    ann = Person(driven, "ann")
    states = [ann.state]

    def note():
        if states[-1] != ann.state:
            states.append(ann.state)

    await ann.connect()
    await equal_within(driven, [ann], 10)
    ann.state = "synced"
    note()
    for word in ("V2", "V3"):
        ann.write(word)
        note()
        await equal_within(driven, [ann], 10)
        note()
    driven.functions.on_invoke = lambda _, process: driven.functions.kill(process)
    ann.write("fails")
    note()
    await driven.clock.advance(1)
    assert ann.unsent == 1  # failed, and not forgotten
    driven.functions.on_invoke = None
    await equal_within(driven, [ann], 10)
    note()
    ann.cut()
    note()
    ann.write("alone")
    await asyncio.sleep(0)
    assert ann.unsent == 1
    await equal_within(driven, [ann], 20)
    ann.state = "synced"
    note()
    expected = ["offline", "synced", "syncing", "synced", "syncing", "synced", "syncing", "synced"]
    assert states == [*expected, "offline", "synced"]
    text, _, _ = await stored(driven)
    assert text == str(ann) == "V2V3failsalone"
    await part(ann)
