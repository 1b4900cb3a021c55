"""Logs: their form, and that no secret is ever in them, wherever it stood."""

from __future__ import annotations

import io
import json
import logging
import string
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk_server.auth.development import DevelopmentIssuer
from ropewalk_server.auth.tickets import PREFIX
from ropewalk_server.ops.logging import QUIET, JsonFormatter, TextFormatter, configure, context
from ropewalk_server.ops.scrub import HIDDEN, scrub, scrub_value

FORMATTERS = (JsonFormatter(), TextFormatter(), TextFormatter(color=True))


def lines_of(log: Callable[[logging.Logger], None]) -> list[str]:
    """What each form makes of what is logged."""
    texts = []
    for formatter in FORMATTERS:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger = logging.Logger("test")
        logger.addHandler(handler)
        log(logger)
        texts.append(stream.getvalue())
    return texts


def logged(log: Callable[[logging.Logger], None]) -> dict[str, object]:
    line: dict[str, object] = json.loads(lines_of(log)[0])
    return line


def test_a_line_is_one_json_object() -> None:
    line = logged(lambda log: log.warning("took %d s", 5, extra={"document": "a\nb", "n": 1}))
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "test",
        "message": "took 5 s",
        "document": "a\nb",
        "n": 1,
    }


def test_the_context_is_in_every_line_inside_it() -> None:
    def log(logger: logging.Logger) -> None:
        with context(request="r1"), context(connection="c1"):
            logger.info("x", extra={"connection": "c2"})

    line = logged(log)
    assert (line["request"], line["connection"]) == ("r1", "c2")
    assert "request" not in logged(lambda log: log.info("x"))


def test_exceptions_are_logged_with_their_trace() -> None:
    def log(logger: logging.Logger) -> None:
        try:
            raise ValueError("bad thing")
        except ValueError:
            logger.exception("failed")

    assert "ValueError: bad thing" in str(logged(log)["exception"])


def test_arguments_that_do_not_fit_lose_no_line() -> None:
    assert logged(lambda log: log.info("%d", "x"))["message"] == "%d"


def test_fields_cannot_take_the_place_of_what_a_line_has() -> None:
    line = logged(lambda log: log.info("x", extra={"level": "none", "time": 0, "logger": "me"}))
    assert (line["level"], line["logger"]) == ("info", "test")


def test_nobody_writes_lines_of_a_log_from_outside() -> None:
    evil = "a\n12:00:00 error you were hacked\x1b[2J\u2028\r"
    for text in lines_of(lambda log: log.info("joined %s", evil, extra={"user": evil})):
        assert text.count("\n") == 1
        assert "\r" not in text
        assert "\x1b[2J" not in text
        assert "\u2028" not in text


def test_unknown_values_are_shown_as_they_are() -> None:
    line = logged(
        lambda log: log.info("x", extra={"a": {1, 2}, "b": b"x", "c": ValueError("no"), "d": 1e300})
    )
    assert line["c"] == "ValueError('no')"
    assert line["a"] in ([1, 2], [2, 1])


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    others = [logging.getLogger(name) for name in QUIET]
    levels = [other.level for other in others]
    yield root
    root.handlers[:], root.level = handlers, level
    for other, was in zip(others, levels, strict=True):
        other.setLevel(was)


def test_configure_chooses_by_where_it_goes(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure("warning", "auto", stream)
    root_logger.info("not shown")
    root_logger.warning("shown")
    assert json.loads(stream.getvalue())["message"] == "shown"
    stream = io.StringIO()
    configure("debug", "text", stream)
    root_logger.debug("shown")
    assert "debug   shown" in stream.getvalue()
    logging.getLogger("uvicorn.error").info('"WebSocket /a" [accepted]')
    assert "accepted" not in stream.getvalue()


ISSUER = DevelopmentIssuer()
users = st.text(string.printable + "äß王\U0001f600", min_size=1, max_size=20)
urlsafe = st.text(string.ascii_letters + string.digits + "-_", min_size=16, max_size=60)
secrets = st.one_of(
    users.map(ISSUER.token),
    urlsafe.map(lambda text: PREFIX + text),
    # As others write their headers.
    urlsafe.map(lambda text: f"eyAiYWxnIjogIlJTMjU2In0.{text}.{text[::-1]}"),
    urlsafe.map(lambda text: f"ewogImFsZyI6ICJSUzI1NiJ9.{text}.{text[::-1]}"),
)
opaque = st.one_of(secrets, urlsafe.map(lambda text: "k" + text))

# Places that tell by their name that a secret follows.
NAMED: tuple[Callable[[str], object], ...] = (
    lambda s: f"GET /collab/letters/1?token={s} HTTP/1.1",
    lambda s: f"wss://h/collab/a?x=1&ticket={s}&y=2",
    lambda s: f"https://h/?next={quote(f'/a?token={s}&b=1', safe='')}",
    lambda s: f"Authorization: Bearer {s}",
    lambda s: f"authorization: bearer  {s}\r\nHost: x",
    lambda s: {"Authorization": f"Bearer {s}", "host": "x"},
    lambda s: [(b"authorization", f"Bearer {s}".encode()), (b"host", b"x")],
    lambda s: {"headers": [["cookie", f"session={s}"]]},
    lambda s: f"Sec-WebSocket-Protocol: ropewalk.token.{s}",
    lambda s: f"subprotocols: ['ropewalk', 'ropewalk.token.{s}']",
    lambda s: json.dumps({"v": 1, "token": s}),
    lambda s: json.dumps(json.dumps({"v": 1, "ticket": s})),
    lambda s: {"a": [{"b": {"token": s}}]},
    lambda s: {"hello": f"{{'token': '{s}'}}"},
    lambda s: f"postgres://user:{s}@db.example/rooms",
    lambda s: {"api_key": s, "Password": s},
    lambda s: ValueError(f"cannot use token={s}"),
    lambda s: f"X-Api-Key: {s}",
)
# Places that tell nothing: the secret itself must be recognised.
BARE: tuple[Callable[[str], object], ...] = (
    lambda s: s,
    lambda s: f"got {s!r} instead",
    lambda s: {s: 1},
    lambda s: ("x", [s, {"y": s}]),
    lambda s: RuntimeError(s, 5),
    lambda s: f"/collab/{s}/x",
    lambda s: f"({s}),<{s}>",
    lambda s: s.encode(),
    lambda s: quote(s).replace(".", "%2E"),
)


def pieces(secret: str) -> set[str]:
    """All that must not be left of it: anything of 12 characters."""
    body = secret.removeprefix(PREFIX)
    return {body[at : at + 12] for at in range(0, max(1, len(body) - 11))}


def check(secret: str, thing: object) -> None:
    def log(logger: logging.Logger) -> None:
        logger.info("got %s", thing)
        logger.info(f"got {thing}", extra={"thing": thing})
        try:
            raise RuntimeError(f"failed at {thing}") from ValueError(thing)
        except RuntimeError:
            logger.exception("failed: %r", thing)

    for text in lines_of(log):
        left = [piece for piece in pieces(secret) if piece in text]
        assert not left, (left[0], text)


@settings(max_examples=150, deadline=None)
@given(opaque, st.sampled_from(NAMED))
def test_a_secret_under_a_name_is_never_logged(secret: str, place: Callable[[str], object]) -> None:
    check(secret, place(secret))


@settings(max_examples=150, deadline=None)
@given(secrets, st.sampled_from(BARE))
def test_tokens_and_tickets_are_never_logged(secret: str, place: Callable[[str], object]) -> None:
    check(secret, place(secret))


@pytest.mark.parametrize(
    "text",
    [
        "opened letters/2026/11/21",
        "eyewitness statement, 2026-11-21",
        "ey",
        "the key to success",
        "https://h:8000/a?x=1&role=editor",
        "code of conduct",
        "token",
        "tokens are fine",
        "rwt",
        "3 of 5 keys: fetched",
        "sqlite:ropewalk.db",
        "user=alice document=letters/1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


@given(st.text(max_size=200))
def test_scrubbing_never_fails_and_is_done_once(text: str) -> None:
    assert scrub(scrub(text)) == scrub(text)


def test_deep_structures_are_hidden_not_followed() -> None:
    deep: list[object] = []
    deep.append(deep)
    assert HIDDEN in json.dumps(scrub_value(deep))


@pytest.mark.parametrize(
    "text",
    [
        "token=" * 5000,
        "'token': '" * 3000,
        "eyJ" * 20000,
        "Bearer " * 5000,
        "a://" * 9000,
        '\\"key\\": ' * 4000,
    ],
)
def test_scrubbing_takes_time_in_proportion(text: str) -> None:
    import time

    started = time.process_time()
    scrub(text)
    assert time.process_time() - started < 2
