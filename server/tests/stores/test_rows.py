"""What the store on rows promises beyond the contract: numbers that were used, signatures, light imports,
keys, the command that makes tables."""

import asyncio
import calendar
import subprocess
import sys
import time

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from harness.cloud import dynamodb_url, new_name, new_table
from store_contract import updates_of

from ropewalk_server.stores import open_store
from ropewalk_server.stores.aws.credentials import Credentials, Keys
from ropewalk_server.stores.aws.signing import Signer, query_string
from ropewalk_server.stores.contract import Version


async def opened(url):
    store = open_store(url)
    await store.open()
    return store


async def test_a_number_that_was_used_is_not_taken_again():
    url = new_table()
    late, other = await opened(url), await opened(url)
    for number in range(1, 6):
        await late.append("a", [str(number).encode()])
    for number in range(6, 41):
        await other.append("a", [str(number).encode()])
        if number % 10 == 0:
            await other.compact("a", Version(0, number), b"state")
    # Rows 1 to 30 are not needed any more; `late` knows of five.
    assert late._writer.newest("a") == Version(0, 5)
    buried = (await other._calls("Scan", TableName=other._settings.table))["Items"]
    buried = [item for item in buried if item["sk"]["S"].startswith("u#") and not item["f"]["L"]]
    assert len(buried) == 30
    assert all(int(item["ttl"]["N"]) > time.time() + 24 * 3600 for item in buried)
    assert await late.append("a", [b"41"]) == Version(0, 41)
    assert updates_of(await other.read("a")) == [b"41"]
    await late.close()
    await other.close()


async def test_news_of_a_row_that_come_before_its_answer_count_it_once():
    store = await opened(new_table())
    write = store._table.write

    async def is_told_first(doc, key, fields, old):
        row = await write(doc, key, fields, old)
        if key.startswith("u#"):
            first = int(key.split("#")[2])
            store._writer.saw(doc, Version(0, first + len(fields) - 2), is_news=True)
        return row

    store._table.write = is_told_first
    assert await store.append("a", [b"1", b"2"]) == Version(0, 2)
    assert await store.append("a", [b"3"]) == Version(0, 3)
    history = await store.read("a")
    assert (updates_of(history), list(history.damaged)) == ([b"1", b"2", b"3"], [])
    await store.close()


async def test_rows_at_the_end_that_are_lost_are_missed():
    url = new_table()
    store = await opened(url)
    for number in range(5):
        await store.append("a", [str(number).encode()])
    await store.close()  # the head is told how far the log has come
    store = await opened(url)
    await store._table.delete("a", ["u#0000000000#000000000000005"])
    history = await store.read("a")
    assert [damage.where for damage in history.damaged] == ["entry (0, 5)"]
    assert await store.append("a", [b"next"]) == Version(0, 6)
    await store.close()


async def test_one_that_was_not_told_how_an_epoch_has_ended_finds_it():
    """The row that ends it is there, and who wrote it died before it said so in the head."""
    url = new_table()
    store, other = await opened(url), await opened(url)
    await store.append("a", [b"1"])
    await other.read("a")
    write = store._table.write

    async def dies(doc, key, fields, old):
        if key == "h":
            raise asyncio.CancelledError
        return await write(doc, key, fields, old)

    store._table.write = dies
    with pytest.raises(asyncio.CancelledError):
        await store.seal("a", Version(0, 1), b"new", map=b"map")
    history = await other.read("a")
    assert (history.version, history.snapshot.data) == (Version(1, 0), b"new")
    assert await other.read_map("a", 0) == b"map"
    assert await other.append("a", [b"2"], epoch=1) == Version(1, 1)
    store._table.write = write
    await store.close()
    await other.close()


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body"),
    [
        ("GET", "/", {}, {}, b""),
        ("GET", "/bucket", {"list-type": "2", "prefix": "a b/é~", "max-keys": "7"}, {}, b""),
        ("PUT", "/bucket/d/u%23000%23001", {}, {"if-none-match": "*"}, b"\0\xff" * 99),
        ("POST", "/", {}, {"content-type": "a/b", "x-amz-target": "X.Y"}, b"{}"),
    ],
)
def test_signatures_are_those_of_botocore(method, path, query, headers, body):
    keys = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "a token")
    host = "service.eu-central-1.amazonaws.com"
    url = f"https://{host}{path}" + (f"?{query_string(query)}" if query else "")
    theirs = AWSRequest(method=method, url=url, headers=headers, data=body)
    S3SigV4Auth(
        BotoCredentials(*(keys.access, keys.secret, keys.token)), "s3", "eu-central-1"
    ).add_auth(theirs)
    stamp = theirs.headers["X-Amz-Date"]
    now = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    ours = Signer("s3", "eu-central-1").sign(
        keys, method, host, path, query, headers, body, now=now
    )
    assert ours["authorization"] == theirs.headers["Authorization"]


async def test_keys_come_from_the_environment_and_what_lacks_is_said():
    keys = await Credentials(
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    ).get()
    assert keys == Keys("a", "b", "c")


def test_opening_a_store_imports_no_framework():
    """A cold start pays for each."""
    program = (
        "import sys\n"
        "from ropewalk_server.stores import open_store\n"
        "open_store('dynamodb://rooms?snapshots=s3://bucket')\n"
        "heavy = {'boto3', 'botocore', 'aiohttp', 'httpx', 'fastapi', 'redis', 'asyncpg'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_command_makes_a_table_once():
    url = dynamodb_url(new_name())
    command = [
        sys.executable,
        "-c",
        "from ropewalk_server.cli import main; raise SystemExit(main())",
    ]
    command += ["store", "create", "--store", url]
    for expected in ("made table", "can be used"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("made" if expected == "made table" else "dynamodb:")
        assert "can be used" in done.stdout


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("dynamodb:", "needs the name of a table"),
        ("dynamodb://a/b/c", "needs the name of a table"),
        ("dynamodb://rooms?tables=some", "not tables=some"),
        ("dynamodb://rooms?snapshots=s3:", "needs the name of a bucket"),
        ("dynamodb://rooms?endpoint=rooms", "no http: or https: address"),
        ("s3:", "needs the name of a bucket"),
        ("s3://bucket?color=red", "not color=red"),
        ("redis+dynamodb://rooms", "names both"),
    ],
)
async def test_what_is_wrong_with_a_url_is_said(url, reason):
    with pytest.raises(ValueError, match=reason):
        open_store(url)
