"""Records: what was written comes back, and nothing else is taken for it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, decode, encode, expect

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
versions = st.builds(Version, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))


@given(st.sampled_from(Kind), names, versions, st.binary(max_size=300))
def test_a_record_comes_back(kind, doc, version, payload):
    data = encode(kind, doc.encode(), version, payload)
    record = decode(data)
    assert (record.kind, record.doc, record.version, record.payload) == (
        kind,
        doc,
        version,
        payload,
    )
    assert len(data) == OVERHEAD + len(doc.encode()) + len(payload)
    assert expect(data, kind, doc, version) == record


RECORD = encode(Kind.UPDATE, b"acme/letter", Version(3, 70_000), bytes(range(60)))


def test_every_flipped_bit_is_noticed():
    for place in range(len(RECORD)):
        for bit in range(8):
            data = bytearray(RECORD)
            data[place] ^= 1 << bit
            with pytest.raises(BadRecord):
                decode(bytes(data))


def test_every_cut_and_every_longer_record_is_noticed():
    for length in range(len(RECORD)):
        with pytest.raises(BadRecord):
            decode(RECORD[:length])
        with pytest.raises(BadRecord):
            decode(RECORD[len(RECORD) - length :])
        with pytest.raises(BadRecord):
            decode(RECORD + RECORD[: length + 1])


@given(st.binary(max_size=200))
def test_other_bytes_are_no_record(data):
    with pytest.raises(BadRecord):
        decode(data)


def with_checksum(data):
    """What somebody would write on purpose, or a newer version: the checksum agrees."""
    import xxhash

    return data + xxhash.xxh3_128_digest(data)


@given(st.binary(min_size=32, max_size=200))
def test_a_right_checksum_alone_makes_no_record(data):
    with pytest.raises(BadRecord):
        decode(with_checksum(data))


def test_the_reason_says_what_is_wrong():
    body = RECORD[:-16]
    cases = [
        (b"", "0 bytes are too few"),
        (b"SQL" + RECORD[3:], "begin like a record but with 53514c"),
        (RECORD[:3] + b"\x02" + RECORD[4:], "has the format 2; this version reads 1"),
        (RECORD[:-1], "cut or torn"),
        (RECORD[:-1] + b"\0", "checksum does not agree"),
        (with_checksum(body[:4] + b"\x63" + body[5:]), "of a kind .99. that this version"),
        (with_checksum(body[:5] + b"\x01" + body[6:]), "of a kind"),
        (with_checksum(body[:32] + b"\xff" + body[33:]), "no UTF-8"),
    ]
    for data, reason in cases:
        with pytest.raises(BadRecord, match=reason):
            decode(data)


def test_a_sound_record_in_the_wrong_place_is_refused():
    cases = [
        (Kind.SNAPSHOT, "acme/letter", Version(3, 70_000), "is a update where a snapshot belongs"),
        (Kind.UPDATE, "acme/other", Version(3, 70_000), "another document, 'acme/letter'"),
        (Kind.UPDATE, "acme/letter", Version(3, 70_001), "in the place of .3, 70001."),
        (Kind.UPDATE, "acme/letter", Version(2, 70_000), "is number .3, 70000."),
    ]
    for kind, doc, version, reason in cases:
        with pytest.raises(BadRecord, match=reason):
            expect(RECORD, kind, doc, version)
    assert expect(RECORD, Kind.UPDATE, "acme/letter", None).version == Version(3, 70_000)


def test_random_damage_of_many_bytes_is_noticed():
    rng = random.Random(1)
    for _ in range(2000):
        data = bytearray(RECORD)
        start = rng.randrange(len(data))
        end = rng.randint(start + 1, len(data))
        data[start:end] = rng.randbytes(end - start)
        if bytes(data) != RECORD:
            with pytest.raises(BadRecord):
                decode(bytes(data))
