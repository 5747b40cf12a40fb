"""A customer accepts, buys, withdraws and is erased: every view is that of a run that never had her, and nothing brings her back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engines import Ledger, own_face, own_face_with_worker, touchline, working
from tests.support.live_files import files_below
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from tests.support.view_sums import view_sums
from touchline.erasure.certificate import digest_of
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

JANE = [("anonymous", "browser of jane"), ("login", "jane"), ("loyalty", "4711")]
TABLET, HOUSEHOLD = ("device", "tablet of the family"), ("household", "12")
CONSENT = {"id": "consent-of-jane", "purposes": ["analytics", "profiling"]}
PURCHASE = {"touchpoint": "store_purchase", "action": "purchase"}
IS_JOHNS = "SELECT uniqExact(person) = 1 FROM journey.attachments WHERE event_id IN ('o2', 'o3') HAVING count() = 2"
EXPIRED = "SELECT event_id FROM journey.answers WHERE disposition = 'expired'"
Event = dict[str, Any]
Identifier = tuple[str, str]


def of(
    event_id: str, day: int, *who: Identifier, source: str = "retail-pos", kind: str = "touchpoint", **fields: Any
) -> Event:
    identifiers = [{"type": name, "value": value} for name, value in who]
    at = f"2026-03-{day:02}T10:00:00Z"
    event = {"type": f"touchline.{kind}.v1", "source": source, "id": event_id, "time": at, "identifiers": identifiers}
    return event | fields


def answered(event_id: str, day: int, who: Identifier, comment: str, about: str = "") -> Event:
    said = {"survey": "s", "question": "recommend", "question_version": "1", "language": "en", "kpi": "nps", "score": 9}
    named = {"source": "retail-pos", "event_id": about} if about else {}
    scale = {"scope": "transactional", "scale_min": 0, "scale_max": 10, "comment": comment}
    fields: dict[str, Any] = {**said, **scale, "about": {"touchpoint": "store_purchase", **named}}
    return of(event_id, day, who, source="survey-tool", kind="answer", **fields)


def of_jane() -> list[Event]:
    """Over three identifiers and a tablet that John uses, too."""
    browser, login, card = JANE
    grant: Event = {
        "consent_id": "consent-of-jane",
        "effective_at": "2026-03-01T00:00:00Z",
        "purposes": ["analytics", "profiling"],
    }
    paid: Event = {
        "amount": {"amount_minor": 4_711, "currency": "EUR"},
        "order": {"id": "order-of-jane", "kind": "purchase"},
    }
    return [
        of("j1", 1, browser, source="web-shop", kind="consent", state="granted", **grant),
        of("j2", 2, browser, source="web-shop", touchpoint="campaign_mailing", action="send", consent=CONSENT),
        of("j3", 3, browser, login, source="web-shop", touchpoint="coupon", action="show", consent=CONSENT),
        of("j4", 4, login, card, source="crm", kind="identify"),
        of("j5", 5, card, **PURCHASE, **paid, properties={"note": "gift for jane"}),
        answered("j6", 6, card, "jane was here", "j5"),
        of("j7", 7, login, TABLET, source="crm", kind="identify"),
        of("j8", 8, TABLET, touchpoint="coupon", action="show"),
        of("j9", 9, card, HOUSEHOLD, **PURCHASE),
        of("j10", 12, browser, source="web-shop", kind="consent", state="withdrawn", **grant | {"effective_at": "2026-03-12T00:00:00Z"}),
        *cared_for(card),
    ]  # fmt: skip


def cared_for(who: Identifier) -> list[Event]:
    """She was asked, and did not answer; a case was opened, worked by people, and a rule took it back."""
    about = {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": "j5"}
    case: Event = {"case": "case-of-jane", "rule": "detractor", "about": about, "owner": "store care"}
    asked: Event = {
        "survey": "s",
        "question": "csat",
        "question_version": "1",
        "language": "en",
        "kpi": "csat",
        "about": about,
    }
    asked |= {"scope": "transactional", "scale_min": 1, "scale_max": 5, "sampling_probability": 0.5}
    states = ("opened", "contacted", "resolved", "lapsed")
    return [
        *(of("ask-of-jane", 6, who, kind="answer", disposition=one, **asked) for one in ("sampled", "invited", "expired")),
        *(of(f"case-of-jane/{one}", 7 + day, who, kind="case", state=one, **case) for day, one in enumerate(states)),
    ]  # fmt: skip


def of_others() -> list[Event]:
    """John, with whom she shares the tablet; her household; and nine more."""
    john = ("login", "john")
    events = [
        of("o1", 10, john, TABLET, source="crm", kind="identify"),
        of("o2", 11, TABLET, touchpoint="coupon", action="show"),
        of("o3", 12, john, **PURCHASE),
        of("o4", 9, HOUSEHOLD, touchpoint="campaign_mailing", action="send"),
    ]
    for number in range(9):
        card = ("loyalty", f"9{number}")
        events += [
            of(f"p{number}", 1 + number, card, touchpoint="coupon", action="show"),
            of(f"q{number}", 2 + number, card, **PURCHASE, amount={"amount_minor": 100 + number, "currency": "EUR"}),
            answered(f"a{number}", 3 + number, card, f"as card {number} says"),
        ]
    return events


def send(ledger: Ledger, events: Sequence[Event]) -> None:
    with TouchpointProducer.from_settings(ledger.settings) as producer:
        for one in events:
            producer.emit(one)


def keys_of(ledger: Ledger, *who: Identifier) -> list[str]:
    keys = PersonKeys.from_file(ledger.settings.person_key_file)
    return [keys.key(*one) for one in who]


def names_left(ledger: Ledger, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows of any table's that name one of the keys."""
    return ask(
        ledger.settings,
        "SELECT kind, sign, source, event_id, identifier, linked_identifier FROM journey_raw.ledger "
        "WHERE identifier IN %(keys)s OR linked_identifier IN %(keys)s OR person IN %(keys)s",
        keys=tuple(keys),
    ) + ask(
        ledger.settings,
        "SELECT request, number FROM journey_raw.erasures WHERE identifier IN %(keys)s",
        keys=tuple(keys),
    )


@pytest.fixture(scope="module")
def wanted(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """What every view says where she never was."""
    with own_face_with_worker(stack, tmp_path_factory.mktemp("never")) as never:
        send(never, of_others())
        wait_until(never, IS_JOHNS)  # on a busy machine a tick takes longer than what looks like rest
        wait_until_at_rest(never.settings)
        return view_sums(never.settings)


def test_who_is_erased_leaves_every_view_as_if_never_seen_with_a_certificate_and_stays_away(
    stack: LocalStack, tmp_path: Path, wanted: dict[str, tuple[int, int]]
) -> None:
    with own_face_with_worker(stack, tmp_path / "ledger") as ledger:
        send(ledger, [*of_others(), *of_jane()])
        wait_until_at_rest(ledger.settings)
        assert view_sums(ledger.settings) != wanted
        assert ask(ledger.settings, "SELECT case_id, state FROM journey.cases") == [("case-of-jane", "resolved")]
        assert ask(ledger.settings, EXPIRED) == [("ask-of-jane",)]
        keys = keys_of(ledger, *JANE)
        dry = json.loads(touchline(ledger, "erase", "loyalty:4711", "--dry-run", "--json"))
        (person,) = dry["persons"]
        assert person["identifiers"] == {"anonymous": 1, "device": 1, "login": 1, "loyalty": 1}
        assert person["left_as_shared"] == ["household"]
        assert ask(ledger.settings, "SELECT count() FROM journey_raw.erasures") == [(0,)]
        touchline(ledger, "erase", "loyalty:4711", status=2)  # nobody can be asked

        said = json.loads(touchline(ledger, "erase", "loyalty:4711", "--yes", "--json", "--out", str(tmp_path / "out")))
        (certificate,) = said["certificates"]
        assert certificate["sha256"] == digest_of(certificate)
        assert (certificate["before"]["comments"], certificate["before"]["first_day"]) == (1, "2026-03-01")
        assert [one for one in certificate["after"]["rows"] if one["standing"]] == []
        assert certificate["kafka"]["how"] == "unlimited"  # as the local stack keeps its topic
        texts = [Path(one).read_text() for one in said["files"]]
        assert len(texts) == 2
        for secret in (
            *keys,
            *(key.partition(":")[2] for key in keys),
            "loyalty:4711",
            "jane",
            "order-of",
            "consent-of",
            "case-of",
            "ask-of",
            "j5",
        ):
            assert not [one for one in texts if secret in one], secret

        assert view_sums(ledger.settings) == wanted
        assert names_left(ledger, keys) == []
        touchline(ledger, "reconcile", "--wait", "60")
        assert [one["state"] for one in json.loads(touchline(ledger, "erase", "--list", "--json"))["requests"]] == [
            "done"
        ]
        again = touchline(ledger, "erase", "--certificate", certificate["request"], "--json")
        assert json.loads(again)["certificates"] == [certificate]
        touchline(ledger, "erase", "loyalty:4711", "--yes", status=1)

        send(ledger, of_jane())
        wait_until_at_rest(ledger.settings)
        assert view_sums(ledger.settings) == wanted
        assert names_left(ledger, keys) == []
        wait_until_state_forgets(ledger, keys)


def wait_until_state_forgets(ledger: Ledger, keys: Sequence[str]) -> None:
    """No file of the workers' caches holds one of the keys, not even where LMDB keeps what it deleted."""
    digits = [key.encode() for key in keys]
    deadline = time.monotonic() + 20
    while True:
        files = files_below(ledger.settings.state_dir)
        holding = [path.name for path, content in files if any(one in content for one in digits)]
        if not holding:
            return
        assert time.monotonic() < deadline, holding
        time.sleep(0.5)


def test_workers_and_clickhouse_that_are_killed_meanwhile_change_nothing(
    stack: LocalStack, tmp_path: Path, wanted: dict[str, tuple[int, int]]
) -> None:
    with own_face(stack, tmp_path / "ledger") as ledger, working(stack, ledger, tmp_path / "ledger") as worker:
        send(ledger, [*of_others(), *of_jane()])
        wait_until_at_rest(ledger.settings)
        first = begun(ledger)
        wait_until(ledger, "SELECT count() > 0 FROM journey_raw.erasures")
        first.kill()
        first.communicate()
        worker.kill()
        worker.start()
        second = begun(ledger)
        wait_until(ledger, "SELECT count() > 0 FROM journey_raw.erasure_states WHERE state = 'retracted'")
        ledger.face.kill()
        said, _ = second.communicate(timeout=60)
        assert second.returncode in (0, 3), said
        ledger.face.start()
        last = begun(ledger)
        said, _ = last.communicate(timeout=180)
        assert last.returncode in (0, 1), said  # 1: the second one had done all of it
        wait_until_at_rest(ledger.settings)
        assert view_sums(ledger.settings) == wanted
        assert names_left(ledger, keys_of(ledger, *JANE)) == []
        (request,) = json.loads(touchline(ledger, "erase", "--list", "--json"))["requests"]
        assert request["state"] == "done"
        touchline(ledger, "reconcile", "--wait", "60")


def begun(ledger: Ledger) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "touchline", "erase", "login:jane", "--yes", "--json"]
    return subprocess.Popen(
        command, env=ledger.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait_until(ledger: Ledger, question: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while (rows := ask(ledger.settings, question)) == [] or not rows[0][0]:
        assert time.monotonic() < deadline, question
        time.sleep(0.05)
