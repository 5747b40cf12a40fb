"""SDKs of other tools, unchanged, pointed at the collector: every call arrives once, with its person and its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.collectors import CollectorProcess, collector
from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.real_senders import ALL, OF_CLOUD_EVENTS, REFUND, SENDERS, Sender, run_all
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from tests.support.scraping import scraped, value_of
from tests.support.sdks import require_sdks
from tests.support.workers import wait_for
from touchline.producers.collector.vendors import names
from touchline.schemas.identifiers import PersonKeys

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

NAMES = Path(names.__file__).with_name("names.yaml")
by_source = pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.source)


class Shop(NamedTuple):
    """A ledger with its worker and a collector before it, when the SDKs began, and what their programs said."""

    ledger: Ledger
    collector: CollectorProcess
    began: datetime
    said: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def shop(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    require_sdks()
    folder = tmp_path_factory.mktemp("senders")
    keys, sources, own_names = folder / "write_keys", folder / "sources.yaml", folder / "names.yaml"
    keys.write_text("".join(f"{one.key} {one.source}\n" for one in ALL))
    sources.write_text("sources:\n" + "".join(f"  {one.source}: {{legal_basis: contract}}\n" for one in ALL))
    own_names.write_text(NAMES.read_text(encoding="utf-8") + "\ncurrency: EUR\n")  # Matomo sends none
    files = {"write_keys_file": keys, "sources_file": sources, "sender_names_file": own_names}
    with (
        own_face_with_worker(stack, folder, **files) as ledger,
        collector(ledger.settings, folder) as process,
    ):
        began = datetime.now(UTC).replace(microsecond=0)  # some SDKs cut their times to seconds
        said = run_all(process.url)
        wait_until_at_rest(ledger.settings)
        wait_for(lambda: stored(ledger) == EXPECTED, lambda: f"{EXPECTED} are expected, not {stored(ledger)}", 90.0)
        yield Shop(ledger, process, began, said)


EXPECTED = (sum(len(one.touchpoints) for one in SENDERS) + 2 * len(OF_CLOUD_EVENTS), len(ALL))


def stored(ledger: Ledger) -> tuple[int, int]:
    """How many touchpoints, of how many persons: the last ones may wait for a person's partition on a busy machine."""
    ((events, persons),) = ask(ledger.settings, "SELECT count(), uniqExact(person) FROM journey.touchpoints")
    return events, persons


@by_source
def test_every_call_arrives_once_with_its_touchpoint_its_person_and_its_time(shop: Shop, sender: Sender) -> None:
    assert shop.said[sender.source]["errors"] == []
    settings, source = shop.ledger.settings, sender.source
    events = ask(
        settings,
        "SELECT touchpoint, ifNull(action, ''), uniqExact(event_id), count() FROM journey.touchpoints WHERE source = %(source)s "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        source=source,
    )
    assert events == [(*one, 1, 1) for one in sorted(sender.touchpoints)]
    ((persons, person, earlier),) = ask(
        settings,
        "SELECT uniqExact(person), any(person), countIf(event_time < %(began)s) FROM journey.touchpoints "
        "WHERE source = %(source)s AND person IS NOT NULL",
        source=source,
        began=shop.began,
    )
    assert (persons, earlier) == (1, 1)
    keys = PersonKeys.from_file(settings.person_key_file)
    # Of the logins that an alias links any may stand for the person.
    assert person in {keys.key("login", f"{source}-{one}") for one in ("user", "former", "browser")}
    linked = ask(
        settings,
        "SELECT DISTINCT linked_identifier_type FROM journey.links WHERE source = %(source)s AND is_in_force ORDER BY 1",
        source=source,
    )
    assert {kind for (kind,) in linked} >= sender.links


@by_source
def test_an_order_has_its_id_its_amount_and_the_time_that_its_call_says(shop: Shop, sender: Sender) -> None:
    orders = ask(
        shop.ledger.settings,
        "SELECT order_id, kind, toFloat64(amount), currency, toString(event_time) FROM journey.orders "
        "WHERE source = %(source)s ORDER BY kind",
        source=sender.source,
    )
    expected = [(f"{sender.source}-1", "purchase", 199.9, "EUR"), (f"{sender.source}-1", "refund", -19.9, "EUR")]
    assert [one[:4] for one in orders] == expected[: 1 + (REFUND in sender.touchpoints)]
    assert orders[0][4].startswith("2026-03-03 10:15:00")


def test_what_was_refused_is_told_once_and_kept_once_and_nothing_is_sent_again(shop: Shop) -> None:
    telling = [sender.source for sender in SENDERS]
    for call in ("refused", "unknown_key"):
        told = {source: shop.said[source][call] for source in telling}
        assert {source: len(words) for source, words in told.items()} == dict.fromkeys(telling, 1), told
    kept = ask(
        shop.ledger.settings,
        "SELECT source, toString(reason), field, count() FROM journey.quarantine GROUP BY 1, 2, 3 ORDER BY 1",
    )
    assert kept == [(source, "wrong_type", "persons[].key", 1) for source in sorted(telling)]
    answers = scraped(shop.collector.get("/metrics").body.decode())
    for status in ("400", "401"):
        assert value_of(answers, "touchline_collector_requests_total", status=status) == len(telling)
    assert ask(
        shop.ledger.settings, "SELECT sum(fate_counts['duplicate']) FROM journey_raw.ledger WHERE kind = 'mark'"
    ) == [(0,)]


def test_no_mail_of_these_senders_is_kept(shop: Shop) -> None:
    touchline(shop.ledger, "reconcile", "--wait", "60")
    assert ask(
        shop.ledger.settings,
        "SELECT count() FROM journey_raw.ledger WHERE arrayExists(one -> position(one, '@example.com') > 0, mapValues(properties))",
    ) == [(0,)]


@pytest.mark.parametrize("sender", OF_CLOUD_EVENTS, ids=lambda sender: sender.source)
def test_cloud_events_arrive_in_both_modes(shop: Shop, sender: Sender) -> None:
    assert shop.said[sender.source] == {"statuses": [202, 202]}
    found = ask(
        shop.ledger.settings,
        "SELECT event_id, touchpoint, toString(event_time), person IS NOT NULL FROM journey.touchpoints "
        "WHERE source = %(source)s ORDER BY 1",
        source=sender.source,
    )
    assert [(*one[:2], one[2][:19], one[3]) for one in found] == [
        (f"{sender.source}-{number}", "hotline", "2026-03-03 10:15:00", 1) for number in range(2)
    ]
