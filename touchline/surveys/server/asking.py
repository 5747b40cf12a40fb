"""What `/v1/ask` takes and answers.

    GET  /v1/ask?person=<person key>&touchpoint=checkout[&language=de]
    POST /v1/ask  {"identifier": {"type": "login", "value": "4711"}, "touchpoint": "checkout"}

Instead of the touchpoint an event may be named, by `source` and `event_id`. A raw identifier stands in a body only: addresses are logged
by others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from touchline.schemas.identifiers import IdentifierRejected, PersonKeys, is_person_key
from touchline.schemas.times import format_time
from touchline.service.problem import RequestRefused
from touchline.surveys.questions import Question
from touchline.surveys.server.desk import Answered
from touchline.surveys.server.ledger_facts import Wanted

BODY_BYTES: Final = 16 << 10
_TEXTS: Final = ("person", "touchpoint", "source", "event_id", "language")
_CHARACTERS_MAX: Final = 256
_PERSON_HINT: Final = "give a person key as the views have it, such as k1:…, or POST an identifier"


class Asked(NamedTuple):
    """What a request asks."""

    keys: tuple[str, ...]
    wanted: Wanted
    language: str


def read_query(query: Mapping[str, str]) -> Asked:
    """Of a GET. Raises RequestRefused."""
    if "identifier" in query:
        raise RequestRefused(
            400, "an identifier does not stand in an address", "send it in the body of a POST", field="identifier"
        )
    return _asked(dict(query), None)


def read_document(body: bytes, person_keys: PersonKeys) -> Asked:
    """Of a POST. Raises RequestRefused."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise RequestRefused(400, "the request is no JSON object", 'send {"person": "k1:…", "touchpoint": "…"}')
    return _asked(document, person_keys)


def _asked(given: dict[str, Any], person_keys: PersonKeys | None) -> Asked:
    known = {*_TEXTS, *(("identifier",) if person_keys else ())}
    if unknown := sorted(set(given) - known):
        raise RequestRefused(
            400, f"{len(unknown)} of the fields are not known", f"known are {', '.join(sorted(known))}"
        )
    texts = {name: _text(given, name) for name in _TEXTS}
    wanted = Wanted(texts["touchpoint"], texts["source"], texts["event_id"])
    if bool(wanted.source) != bool(wanted.event_id):
        raise RequestRefused(400, "an event is named by its source and its id", "give both: source and event_id")
    if bool(wanted.touchpoint) == bool(wanted.event_id):
        raise RequestRefused(
            400, "what the question would be about is not clear", "give a touchpoint, or source and event_id"
        )
    return Asked(_keys(given, texts["person"], person_keys), wanted, texts["language"])


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > _CHARACTERS_MAX or (name in given and not value):
        raise RequestRefused(
            400, f"{name} is no text", f"give 1 to {_CHARACTERS_MAX} characters, or leave it out", field=name
        )
    return value


def _keys(given: Mapping[str, Any], person: str, person_keys: PersonKeys | None) -> tuple[str, ...]:
    identifier = given.get("identifier")
    if (identifier is None) == (not person):
        raise RequestRefused(400, "a person is named once", _PERSON_HINT, field="person")
    if identifier is None:
        if not is_person_key(person):
            raise RequestRefused(400, "the person is no person key", _PERSON_HINT, field="person")
        return (person,)
    if person_keys is None or not isinstance(identifier, dict) or set(identifier) != {"type", "value"}:
        raise RequestRefused(
            400, "the identifier is not known by its form", 'give {"type": "login", "value": "…"}', field="identifier"
        )
    kind, value = identifier["type"], identifier["value"]
    if not isinstance(kind, str) or not isinstance(value, str):
        raise RequestRefused(
            400, "type and value of the identifier are texts", "put them in quotes", field="identifier"
        )
    try:
        return tuple(person_keys.all_keys(kind, value))
    except IdentifierRejected as rejected:
        raise RequestRefused(400, rejected.what, rejected.hint, field="identifier") from None


def answer_of(answered: Answered) -> dict[str, Any]:
    """The answer as values for JSON."""
    said: dict[str, Any] = {"ask": answered.reason == "asked", "reason": answered.reason.value}
    if answered.event is not None:
        event = answered.event
        said["about"] = {
            "touchpoint": event.touchpoint,
            "source": event.source,
            "event_id": event.event_id,
            "time": format_time(event.time_us),
        }
    asking, decision = answered.asking, answered.decision
    if asking is None or decision is None:
        return said
    said |= {"policy": asking.policy, "policy_version": asking.policy_version}
    if decision.rule:
        said["rule"] = decision.rule
    if decision.retry_us:
        said["retry_at"] = format_time(decision.retry_us)
    said |= {
        "ask_id": decision.ask_id,
        "due_at": format_time(decision.due_us),
        "expires_at": format_time(decision.expires_us),
        "sampling_probability": decision.probability,
        "question": question_of(asking.question, answered.language),
    }
    return said


def question_of(question: Question, language: str) -> dict[str, Any]:
    """A question in one of its languages, as values for JSON."""
    wording = question.wordings[language]
    said: dict[str, Any] = {
        "id": question.id,
        "version": question.version,
        "kind": question.kind,
        "kpi": question.kpi,
        "scope": question.scope,
        "language": language,
        "text": wording.text,
    }
    if question.kind in ("score", "emotion"):
        said |= {"scale_min": question.scale.min, "scale_max": question.scale.max}
        said |= {name: value for name in ("low", "high") if (value := getattr(wording, name))}
    if question.options:
        said["options"] = [
            {"id": one.id, "text": text, **({} if one.score is None else {"score": one.score})}
            for one, text in question.labels(language)
        ]
    return said | {name: value for name in ("comment", "thanks") if (value := getattr(wording, name))}
