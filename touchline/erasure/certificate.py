"""The certificate of an erasure: what was found where, what is left, until when, with a hash over all of it. It names nobody.

Why: docs/decisions/0191.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from touchline.erasure.values import Found, Retention, Subject, types_of, whole_of
from touchline.kafka.retention import TopicRetention

FORMAT: Final = "touchline.erasure.v1"
Certificate = dict[str, Any]
_REMAINS: Final = (
    "of each identifier a keyed hash (HMAC-SHA256) with the time up to which it is erased: by it what comes again is known",
    "of each event its place in the log, times, amounts and a keyed hash of its id, without anything that tells whose it was",
    "backups that were made before: a restore erases again what stands in the register of erasures",
    "alerts and invitations that other systems took, if any: they name the person by key, and are theirs to delete",
)
_BY_KEYS_ALONE: Final = (
    "records in quarantine that name the person by value alone, if any: it was completed without the value; `touchline erase TYPE:VALUE` "
    "once more finds them"
)
_OF_KAFKA: Final = {
    "until": "Kafka holds the records of topic {topic} until {last_day} at the latest",
    "unlimited": "Kafka holds the records of topic {topic} without limit: set retention.ms, or delete them there",
    "compacted": "Kafka compacts topic {topic} and holds records until a later one has the same key: delete them there",
    "unknown": "how long Kafka holds the records of topic {topic} is not known: it did not answer",
}
_LABEL_WIDTH: Final = 22


def begun(request: str, how: str, subject: Subject, found: Found) -> Certificate:
    """What is known when the request is made. Identifiers are counted by type."""
    whole = whole_of(subject.targets)
    return {
        "format": FORMAT,
        "touchline": version("touchline"),
        "request": request,
        "how": how,
        "until": _moment(max(one.until_us for one in subject.targets)),
        "identifiers": types_of(subject.targets),
        "shared_device_times": sum(one.identifier not in whole for one in subject.targets),
        "left_as_shared": sorted(subject.left),
        "named_by_value": bool(subject.raw),
        "before": as_object(found),
    }


def retention_until(topic: str, found: TopicRetention | None, now: datetime) -> Retention:
    """The last day on which Kafka may hold a record that was written until now; a day is added for its clean-up and for clocks."""
    if found is None:
        return Retention(topic, "unknown")
    if found.longest_ms is None:
        return Retention(topic, "compacted" if found.is_compacted else "unlimited")
    try:
        last = now + timedelta(milliseconds=found.longest_ms, days=1)
    except OverflowError:
        return Retention(topic, "unlimited")
    return Retention(topic, "until", last.date().isoformat())


def finished(
    draft: Mapping[str, Any],
    times: Mapping[str, datetime],
    after: Found,
    kafka: Retention,
    *,
    has_value: bool = True,
    told: Sequence[Retention] = (),
) -> Certificate:
    """The whole certificate. `times` are those of the states, by name. `has_value`: the value by which the person was named, if it was, was
    known to the end. `told` are other topics that name persons: of alerts, of invitations."""
    whole = {
        **draft,
        **{f"{name}_at": _text(moment) for name, moment in times.items()},
        "after": as_object(after),
        "kafka": kafka._asdict(),
        "told": [one._asdict() for one in told],
        "remains": remains([kafka, *told], after, is_value_lost=bool(draft.get("named_by_value")) and not has_value),
    }
    return {**whole, "sha256": digest_of(whole)}


def digest_of(certificate: Mapping[str, Any]) -> str:
    """SHA-256 over the certificate without `sha256`: JSON with sorted names, without blanks, UTF-8."""
    content = {name: value for name, value in certificate.items() if name != "sha256"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def remains(topics: Sequence[Retention], after: Found, *, is_value_lost: bool = False) -> list[str]:
    """What is still there when all is done, in sentences."""
    found = [*_REMAINS, *(_OF_KAFKA[one.how].format(topic=one.topic, last_day=one.last_day) for one in topics)]
    if after.waiting:
        found.append("events in an outbox of this machine, on their way to Kafka: they are erased when they arrive")
    if is_value_lost:
        found.append(_BY_KEYS_ALONE)
    return found


def as_object(found: Found) -> dict[str, Any]:
    """For JSON."""
    rows = [one._asdict() for one in found.rows]
    return {**found._asdict(), "rows": rows}


def certificate_text(one: Mapping[str, Any]) -> str:
    """The certificate to read."""
    return "\n".join(_lines(one)) + "\n"


def _lines(one: Mapping[str, Any]) -> Iterator[str]:
    how = "anonymised" if one["how"] == "anonymise" else "erased"
    yield f"Certificate of erasure {one['request']}"
    yield ""
    yield _line("format", one["format"])
    yield _line("written by", f"touchline {one['touchline']}")
    for name, label in (("asked_at", "asked for"), ("retracted_at", "counts nowhere since"), ("done_at", "done")):
        if name in one:
            yield _line(label, one[name])
    yield _line("meant", f"what happened until {one['until']}, whenever it comes")
    yield _line("the person's data are", how)
    types = ", ".join(f"{count} {name}" for name, count in one["identifiers"].items())
    yield _line("identifiers", types)
    if one["shared_device_times"]:
        yield _line("shared devices", f"{one['shared_device_times']} time(s) in which they were the person's")
    if one["left_as_shared"]:
        yield _line("not theirs alone", ", ".join(one["left_as_shared"]))
    before, after = one["before"], one.get("after")
    yield ""
    yield from count_lines(before, after)
    if "remains" in one:
        yield ""
        yield "What remains"
        for sentence in one["remains"]:
            yield f"  - {sentence}"
    if "sha256" in one:
        yield ""
        yield _line("SHA-256", one["sha256"])


def count_lines(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> Iterator[str]:
    """A table of what was found, and of what is left of it."""
    head = f"  {'':40} {'before':>12}" + (f" {'after':>12}" if after is not None else "")
    yield "Rows that count, by kind"
    yield head
    names = dict.fromkeys([*map(_name, before["rows"]), *map(_name, (after or before)["rows"])])
    for label in names:
        yield _count(label, _standing(before, label), None if after is None else _standing(after, label))
    kept = sum(one["rows"] for one in before["rows"])
    left = None if after is None else sum(one["rows"] for one in after["rows"])
    yield _count("rows that name an identifier, in all", kept, left)
    for key, label in _BESIDE:
        yield _count(label, before.get(key, 0), None if after is None else after.get(key, 0))
    if before["first_day"]:
        yield _line("  from", f"{before['first_day']} to {before['last_day']}")


_BESIDE: Final = (
    ("comments", "comments"),
    ("quarantine", "records in quarantine"),
    ("waiting", "events in outboxes here, on their way"),
    ("aside", "events in outboxes here, set aside"),
    ("alerts", "alerts here that no sink has taken"),
)
"""Certificates of an earlier release tell nothing of alerts."""


def _name(row: Mapping[str, Any]) -> str:
    of = row["fate"] or (f"{row['map']} {row['map_version']}" if row["map"] else "")
    return f"{row['kind']}{' ' if of else ''}{of}"


def _standing(found: Mapping[str, Any], label: str) -> int:
    return sum(int(one["standing"]) for one in found["rows"] if _name(one) == label)


def _count(label: str, before: int, after: int | None) -> str:
    return f"  {label:40} {before:>12,}" + ("" if after is None else f" {after:>12,}")


def _line(label: str, value: object) -> str:
    return f"{label:{_LABEL_WIDTH}} {value}"


def _moment(time_us: int) -> str:
    return _text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
