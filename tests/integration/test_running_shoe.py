"""A pair of running shoes, from a colleague's feet to the till and on, by the ways in that a company has: a survey's file
tells what nobody could track, the web site sends by HTTP, the store by the shell, till and register have files. One
customer, all stages of two maps, one order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.collectors import collector
from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from tests.support.till_file import TILL_MAPPING

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

Event = dict[str, Any]
CARD = "4711-0815"
PRICE = 129.9
SURVEY = """\
respondent,question,met,day,card
r1,heard,word_of_mouth,2026-03-01,4711-0815
r1,seen,poster,2026-03-03,4711-0815
r1,read,forum,2026-03-05,4711-0815
r1,run,product_use,2026-03-20,4711-0815
"""
RECOVERED = """\
mapping: recovered
source: survey-tool
id: [respondent, question]
time: {column: day, format: "%Y-%m-%d"}
zone: Europe/Berlin
identifiers: {loyalty: card}
fields: {touchpoint: met, provenance: {constant: declared}}
"""
TILL = """\
receipt,sold_at,total,card
88,2026-03-10 17:30:00,129.90,4711 0815
"""
REGISTER = """\
member,login,card,since
m1,runner,47110815,2026-03-26 19:55:00
"""
MEMBERS = """\
mapping: members
type: touchline.identify.v1
source: crm
id: member
time: {column: since, format: "%Y-%m-%d %H:%M:%S"}
zone: Europe/Berlin
identifiers: {login: login, loyalty: card}
"""
TO_THE_ORDER = ["awareness", "favorability", "consideration", "consideration", "intention", "conversion"]
AND_ON = ["awareness", "awareness", "research", "evaluation", "evaluation", "purchase", "use", "support"]
CREDIT = """
WITH credit AS
(
    SELECT touch.is_online AS is_online, order_of.amount AS amount, 1 / count() OVER (PARTITION BY order_of.order_id) AS share
    FROM journey.attachments AS touch
    INNER JOIN journey.orders AS order_of ON order_of.person = touch.person
    WHERE touch.map = 'five_stages' AND touch.event_time <= order_of.event_time AND touch.cycle = 1
)
SELECT round(sum(share), 9), round(sum(share * toFloat64(amount)), 6), count(), round(sumIf(share, NOT is_online), 9) FROM credit
"""
"""Linear: each touchpoint up to the order has the same part of it. Credit in orders, in money, touchpoints, and what of it is offline."""


def http_events() -> list[Event]:
    """What the web shop and the survey tool send: two visitors, one of whom logs in at last; an answer; a call."""

    def of(source: str, name: str, time: str, kind: str, *identifiers: tuple[str, str], **fields: Any) -> Event:
        common = {"type": f"touchline.{kind}.v1", "source": source, "id": name, "time": time, "zone": "Europe/Berlin"}
        return common | {"identifiers": [{"type": kind, "value": value} for kind, value in identifiers]} | fields

    def visit(name: str, time: str, browser: str, consent: str) -> Event:
        allowed = {"consent": {"id": consent, "purposes": ["analytics"]}}
        return of(
            "web-shop", name, time, "touchpoint", ("anonymous", browser), touchpoint="website", action="view", **allowed
        )

    def grant(consent: str, time: str, browser: str) -> Event:
        said = {"consent_id": consent, "state": "granted", "effective_at": time, "purposes": ["analytics"]}
        return of("crm", f"grant-{consent}", time, "consent", ("anonymous", browser), **said)

    card, browser = ("loyalty", CARD), ("anonymous", "browser-1")
    recommend = {
        "about": {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": "88"}, "survey": "after_purchase",
        "question": "recommend", "kpi": "nps", "scope": "transactional", "scale_min": 0, "scale_max": 10, "score": 10,
    }  # fmt: skip
    return [
        grant("c1", "2026-03-08T19:59:00+01:00", "browser-1"),
        grant("c2", "2026-03-08T20:29:00+01:00", "browser-2"),
        visit("view-1", "2026-03-08T20:00:00+01:00", "browser-1", "c1"),
        visit("view-2", "2026-03-08T20:30:00+01:00", "browser-2", "c2"),
        of("survey-tool", "nps-1", "2026-03-11T09:00:00+01:00", "answer", card, **recommend),
        of(
            "call-centre",
            "call-1",
            "2026-03-25T11:00:00+01:00",
            "touchpoint",
            card,
            touchpoint="hotline",
            action="call",
        ),
        of("crm", "login-1", "2026-03-26T20:00:00+01:00", "identify", ("login", "runner"), browser),
    ]


def take_file(ledger: Ledger, file: Path, rows: str, mapping: str) -> None:
    rows_file, mapping_file = file.with_suffix(".csv"), file.with_suffix(".yaml")
    rows_file.write_text(rows)
    mapping_file.write_text(mapping)
    touchline(ledger, "import", str(rows_file), "--mapping", str(mapping_file))


def play(ledger: Ledger, folder: Path) -> None:
    """The file of the till comes first, then what links browser, login and card, and in the end what the customer remembers."""
    take_file(ledger, folder / "till", TILL, TILL_MAPPING)
    tried = (
        "--touchpoint",
        "try_on",
        "--person",
        f"loyalty:{CARD}",
        "--time",
        "2026-03-10T17:00:00+01:00",
        "--id",
        "try-1",
    )
    touchline(ledger, "emit", *tried, "--place", "store-12")
    with collector(ledger.settings, folder) as running:
        answer = running.post_json(http_events()).json()
        assert (answer["accepted"], answer["rejected"]) == (len(http_events()), 0), answer
    take_file(ledger, folder / "register", REGISTER, MEMBERS)
    take_file(ledger, folder / "survey", SURVEY, RECOVERED)
    wait_until_at_rest(ledger.settings)
    touchline(ledger, "reconcile", "--wait", "120")


def stages(ledger: Ledger, of_map: str) -> list[str]:
    """Those of the one who bought, in order, as far as the map knows the touchpoint."""
    sql = (
        "SELECT stage FROM journey.attachments WHERE map = %(of_map)s AND stage IS NOT NULL AND cycle = 1 "
        "AND person IN (SELECT person FROM journey.orders) ORDER BY event_time"
    )
    return [stage for (stage,) in ask(ledger.settings, sql, of_map=of_map)]


def reached(ledger: Ledger, of_map: str) -> list[int]:
    """Journeys by stage, every one before it reached in order."""
    sql = (
        f"SELECT reached FROM journey_api.funnel_stage(map = '{of_map}', map_version = 1, date_from = '2026-01-01', "
        "date_to = '2026-12-31', filter = map(), as_of = %(as_of)s, mode = 'in_order') ORDER BY stage_order"
    )
    return [count for (count,) in ask(ledger.settings, sql, as_of=datetime(2026, 6, 30, tzinfo=UTC))]


def test_a_customer_who_is_met_by_five_ways_in_is_one_with_one_journey_and_one_order(
    stack: LocalStack, tmp_path: Path
) -> None:
    keys = tmp_path / "write_keys"
    keys.write_text(f"all.{'a' * 64} *\n")
    maps = ["five_stages", "six_stages_loyalty"]
    with own_face_with_worker(stack, tmp_path, maps=maps, write_keys_file=keys) as ledger:
        play(ledger, tmp_path)
        settings = ledger.settings
        assert ask(settings, "SELECT uniqExact(person) FROM journey.touchpoints") == [(2,)], "buyer and another visitor"
        found = json.loads(touchline(ledger, "person", "--loyalty", CARD, "--json"))
        assert sorted(one["type"] for one in found["identifiers"]) == ["anonymous", "login", "loyalty"]

        assert stages(ledger, "five_stages") == TO_THE_ORDER
        assert stages(ledger, "six_stages_loyalty") == AND_ON
        assert reached(ledger, "five_stages") == [1] * 5
        assert reached(ledger, "six_stages_loyalty") == [1] * 6
        of_buyer = "WHERE person IN (SELECT person FROM journey.orders)"
        journeys = f"SELECT map, cycle, max_stage_order, converted_at FROM journey.journeys {of_buyer}"
        bought = datetime(2026, 3, 10, 16, 30, tzinfo=UTC)
        assert sorted(ask(settings, journeys)) == [("five_stages", 1, 5, bought), ("six_stages_loyalty", 1, 6, bought)]

        of_map = "WHERE map = 'five_stages' AND stage IS NOT NULL GROUP BY is_online ORDER BY is_online"
        volume = f"SELECT is_online, sum(events) FROM journey.kpi_volume_1d {of_map}"
        assert ask(settings, volume) == [(0, 4), (1, 3)], (
            "of the shoe's way 4 of 6 are offline, and the other visitor is online"
        )
        assert ask(settings, CREDIT) == [(1.0, PRICE, 6, round(4 / 6, 9))]
        assert ask(settings, "SELECT count(), toFloat64(sum(amount)) FROM journey.orders") == [(1, PRICE)]
        assert ask(settings, "SELECT sum(is_conversion) FROM journey.touchpoints") == [(1,)]

        answered = "SELECT score, about_event_id, toString(about_date), person IN (SELECT person FROM journey.orders) FROM journey.answers"
        assert ask(settings, answered) == [(10.0, "88", "2026-03-10", 1)]
        account = "SELECT sum(suppressed), sum(quarantined), min(is_balanced) FROM journey.account"
        assert ask(settings, account) == [(0, 0, 1)]
        touchline(ledger, "reconcile")
