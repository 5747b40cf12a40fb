"""Records that no careful sender sends, with the fate that each must get. Every one of them tells personal values and a secret, none
of which may reach a log."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from touchline.kafka.partitioning import partition_of

PARTITIONS = 4
PERSONAL = ("jane.doe@example.org", "+49 170 5550199", "Jane Doe", "4111-1111-1111-1111", "sekret-token-0815")
"""What must never be logged, wherever a sender puts it."""
ALL_OF_THEM = " ".join(PERSONAL)
PERSON = "k1:" + "ab" * 32
OTHER_PERSON = "k1:" + "cd" * 32
_THIRD_PERSON = "k1:" + "ef" * 32
MEBIBYTE = 1 << 20


class Case(NamedTuple):
    """One record and what becomes of it. `partition` None is where the key belongs."""

    name: str
    value: bytes | None
    fate: str
    reason: str = ""
    field: str = ""
    key: bytes | None = PERSON.encode()
    partition: int | None = None

    @property
    def home(self) -> int:
        """The partition it is sent to."""
        if self.partition is not None:
            return self.partition
        return partition_of(self.key or b"", PARTITIONS)


def touchpoint(name: str, **fields: Any) -> dict[str, Any]:
    """A valid event of a person, with something else in it."""
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"bad-{name}",
        "source": "retail-pos",
        "time": "2025-06-01T12:00:00Z",
        "received_at": "2025-06-01T12:00:01Z",
        "persons": [{"type": "loyalty", "key": PERSON}],
        "touchpoint": "store_purchase",
        "properties": {"note": ALL_OF_THEM},
        **fields,
    }


def answer(name: str, **fields: Any) -> dict[str, Any]:
    """A valid answer, with something else in it."""
    return {
        **{key: value for key, value in touchpoint(name).items() if key != "touchpoint"},
        "type": "touchline.answer.v1",
        "about": {"touchpoint": "store_purchase"},
        "survey": "relation",
        "question": "recommend",
        "kpi": "nps",
        "scope": "relational",
        "scale_min": 0,
        "scale_max": 10,
        "score": 9,
        "comment": ALL_OF_THEM,
        **fields,
    }


def _bytes(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def _rejected(name: str, reason: str, field: str, **fields: Any) -> Case:
    return Case(name, _bytes(touchpoint(name, **fields)), "quarantined", reason, field)


def _without(name: str, field: str) -> Case:
    event = {key: value for key, value in touchpoint(name).items() if key != field}
    return Case(name, _bytes(event), "quarantined", "missing_field", field)


def _stored(name: str, **fields: Any) -> Case:
    return Case(name, _bytes(touchpoint(name, **fields)), "stored")


def _no_event() -> list[Case]:
    text = json.dumps(ALL_OF_THEM).encode()
    return [
        Case("tombstone", None, "quarantined", "empty_value"),
        Case("tombstone_of_nobody", None, "quarantined", "empty_value", key=b""),
        Case("empty", b"", "quarantined", "empty_value", key=None),
        Case("broken_json", b'{"id": ' + text, "quarantined", "not_json"),
        Case("cut_off", _bytes(touchpoint("cut_off"))[:-9], "quarantined", "not_json"),
        Case("not_utf8", b'{"id": "\xff\xfe' + text[1:] + b"}", "quarantined", "not_utf8"),
        Case("latin_1", b'{"id": "J\xf6rg", "note": ' + text + b"}", "quarantined", "not_utf8"),
        Case("random_bytes", bytes(range(256)), "quarantined", "not_utf8"),
        Case("text", text, "quarantined", "wrong_type"),
        Case("list", b"[" + text + b"]", "quarantined", "wrong_type"),
        Case("empty_object", b"{}", "quarantined", "missing_field", "type"),
        Case("nested_lists", b'{"id":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "quarantined", "too_deep"),
        Case("nested_objects", b'{"a":' * 10_000 + text + b"}" * 10_000, "quarantined", "too_deep"),
        Case("unclosed_nesting", b"[" * 10_000 + text, "quarantined", "too_deep"),
        Case("above_a_mebibyte", _bytes(touchpoint("big", comment="x" * MEBIBYTE)), "quarantined", "too_large"),
        Case("five_mebibytes", b"\xff" * (5 * MEBIBYTE), "quarantined", "too_large"),
    ]


def _broken_contract() -> list[Case]:
    name = {"name": ALL_OF_THEM}
    return [
        _without("without_id", "id"),
        _without("without_source", "source"),
        _without("without_time", "time"),
        _without("without_touchpoint", "touchpoint"),
        _rejected("id_is_a_number", "wrong_type", "id", id=5),
        _rejected("id_is_null", "missing_field", "id", id=None),
        _rejected("id_of_5000", "too_large", "id", id=ALL_OF_THEM + "x" * 5_000),
        _rejected("persons_is_text", "wrong_type", "persons", persons=ALL_OF_THEM),
        _rejected("raw_mail_as_key", "wrong_type", "persons[].key", persons=[{"type": "mail", "key": PERSONAL[0]}]),
        _rejected("raw_phone_as_type", "wrong_type", "persons[].type", persons=[{"type": PERSONAL[1], "key": PERSON}]),
        _rejected("properties_nested", "wrong_type", "properties", properties={ALL_OF_THEM: name}),
        _rejected("revision_is_text", "wrong_type", "revision", revision=PERSONAL[1]),
        _rejected("amount_is_a_float", "wrong_type", "amount.amount_minor", amount={"amount_minor": 19.99, "currency": "EUR"}),
        _rejected("currency_of_fairyland", "unknown_currency", "amount.currency", amount={"amount_minor": 1, "currency": "XXJ"}),
        _rejected("simulated_is_text", "wrong_type", "simulated", simulated=ALL_OF_THEM),
        _rejected("version_2", "unknown_version", "type", type="touchline.touchpoint.v2"),
        _rejected("type_is_personal", "unknown_version", "type", type=ALL_OF_THEM),
        _rejected("source_not_declared", "unknown_source", "source", source="shop-of-" + PERSONAL[4]),
        _rejected("source_is_personal", "unknown_source", "source", source=ALL_OF_THEM),
        _rejected("year_1970", "time_out_of_range", "time", time="1970-01-01T00:00:00Z"),
        _rejected("year_2999", "time_out_of_range", "time", time="2999-12-31T23:59:59Z"),
        _rejected("received_2999", "time_out_of_range", "received_at", received_at="2999-01-01T00:00:00Z"),
        _rejected("time_is_personal", "wrong_type", "time", time=ALL_OF_THEM[:40]),
        _rejected("zone_is_personal", "wrong_type", "zone", zone=ALL_OF_THEM),
        Case("score_11", _bytes(answer("score_11", score=11)), "quarantined", "out_of_scale", "score"),
        Case("score_is_text", _bytes(answer("score_is_text", score="nine")), "quarantined", "wrong_type", "score"),
        Case("scale_0_to_0", _bytes(answer("scale", scale_max=0, score=0)), "quarantined", "out_of_scale", "scale_max"),
        Case("lone_surrogate", _bytes(touchpoint("lone", id="\ud800")), "quarantined", "not_json"),
    ]  # fmt: skip


def _foreign_keys() -> list[Case]:
    elsewhere = (partition_of(_THIRD_PERSON.encode(), PARTITIONS) + 1) % PARTITIONS
    stranger = _bytes(touchpoint("other_partition", persons=[{"type": "loyalty", "key": _THIRD_PERSON}]))
    nobody = _bytes(touchpoint("nobody_without_key", persons=[]))
    return [
        Case("no_key", _bytes(touchpoint("no_key")), "stored", key=None, partition=0),
        Case("empty_key", _bytes(touchpoint("empty_key")), "stored", key=b""),
        Case("key_of_another", _bytes(touchpoint("key_of_another")), "stored", key=OTHER_PERSON.encode()),
        Case("key_is_personal", _bytes(touchpoint("key_is_personal")), "stored", key=ALL_OF_THEM.encode()),
        Case("other_partition", stranger, "stored", key=_THIRD_PERSON.encode(), partition=elsewhere),
        Case("nobody_without_key", nobody, "stored", key=None, partition=0),
    ]


def _strange_but_valid() -> list[Case]:
    nobody = b"retail-pos/bad-nobody"
    nested = {
        "order": {"id": "o1", "clerk": ALL_OF_THEM},
        "persons": [{"type": "loyalty", "key": PERSON, "since": 2019}],
    }
    later = {"time": "2025-06-01T12:00:09Z"}
    return [
        Case("nobody", _bytes(touchpoint("nobody", persons=[])), "stored", key=nobody),
        _stored("unknown_touchpoint", touchpoint="moon_base", time="2025-06-01T12:00:01Z"),
        _stored("unknown_fields", weather="rain", geo={"lat": 1.5}, **nested, time="2025-06-01T12:00:02Z"),
        _stored("plus_sign", weather="rain", properties={"+weather": "snow", "=": 1}, time="2025-06-01T12:00:03Z"),
        _stored("a_megabyte", properties={"long": "x" * 1_000_000}, time="2025-06-01T12:00:04Z"),
        _stored("zero_bytes", properties={"\0": "a\0b"}, place="\0", time="2025-06-01T12:00:05Z"),
        _stored("statement", place="'); DROP TABLE journey_raw.ledger; --", time="2025-06-01T12:00:06Z"),
        Case("no_consent", _bytes(touchpoint("no_consent", source="web-shop")), "suppressed", "no_consent"),
        _stored("twice", **later),
        Case("twice_again", _bytes(touchpoint("twice", **later)), "duplicate"),
        Case("twice_otherwise", _bytes(touchpoint("twice", **later, revision=1, place="A")), "stored"),
    ]  # fmt: skip


CASES = (*_no_event(), *_broken_contract(), *_foreign_keys(), *_strange_but_valid())
SUPERSEDED_LATER = "twice"
"""Stored at first; the revision among the cases moves it."""
