"""A server's own log of queries holds nothing of what the pipeline, the commands and the page ask: queries name person keys."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from clickhouse_driver import Client

from tests.support.access import ROOT, engine_as, read_access
from tests.support.dashboards import dashboard
from tests.unit.processors.loop.world import CIPHER
from touchline.care.people import default_map, read_persons
from touchline.clickhouse.connect import connect, connect_as
from touchline.clickhouse.http import stream_query
from touchline.erasure.count import count_rows
from touchline.erasure.values import Target
from touchline.export.read import read_export
from touchline.export.values import Named
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.person.known import known_keys
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings
from touchline.sql.schema.migrate import migrate
from touchline.surveys.server.ledger_facts import Wanted, read_facts

LOG = """
<query_log><database>system</database><table>query_log</table><flush_interval_milliseconds>500</flush_interval_milliseconds></query_log>
"""
KEYS = [PersonKeys("k1", bytes(32)).key("loyalty", f"4711 {number}") for number in range(4)]


def logged(settings: Settings) -> str:
    """The queries in the log."""
    list(stream_query(settings, "SYSTEM FLUSH LOGS"))
    return b"".join(stream_query(settings, "SELECT query FROM system.query_log")).decode()


def test_queries_that_name_persons_are_in_no_log(tmp_path: Path) -> None:
    with engine_as(tmp_path, None, LOG) as settings:
        list(stream_query(settings, "SELECT 'control-7f3ac1'"))
        client = connect(settings)
        migrate(client)
        client.execute("SELECT count() FROM journey_raw.ledger WHERE identifier = %(key)s", {"key": KEYS[0]})
        client.disconnect()
        ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings, 30.0))
        assert ledger.facts_of([KEYS[1]]) == []
        ledger.close()
        told = subprocess.run(
            touchline_command("person", KEYS[2]), env=settings_environment(settings), capture_output=True, check=False
        )
        assert told.returncode == 1
        with dashboard(settings, tmp_path) as page:
            page.wait_ready()
            page.get(f"/api/q/journey?person={KEYS[3]}&map=retail")
            page.get("/api/q/freshness")
        log = logged(settings)
        assert "control-7f3ac1" in log
        assert "journey" not in log
        assert [key for key in KEYS if key.partition(":")[2] in log] == []


@pytest.mark.parametrize("profile", ["touchline_writer", "touchline_dashboard", "touchline_comments"])
def test_the_profile_of_who_names_persons_says_the_same(profile: str) -> None:
    assert read_access().limits[profile]["log_queries"].value == "0"


def test_the_masking_rule_takes_every_person_key_and_no_word_of_sql() -> None:
    root = ElementTree.parse(ROOT / "sql" / "server" / "person_keys.xml").getroot()
    rule = root.find("query_masking_rules/rule")
    assert rule is not None
    found = {one.tag: one.text or "" for one in rule}
    hidden = re.sub(
        found["regexp"],
        found["replace"],
        f"SELECT 1 /* touchline insert events/7/3 */ WHERE person IN ({', '.join(KEYS)})",
    )
    assert (
        hidden == "SELECT 1 /* touchline insert events/7/3 */ WHERE person IN (k1:(key), k1:(key), k1:(key), k1:(key))"
    )


def test_the_masking_rule_is_the_engines_own_expression_and_leaves_no_key_in_real_queries(tmp_path: Path) -> None:
    """A server applies it by the library behind replaceRegexpAll; the engine in process loads no masking rules itself."""
    rule = ElementTree.parse(ROOT / "sql" / "server" / "person_keys.xml").getroot().find("query_masking_rules/rule")
    assert rule is not None
    with engine_as(tmp_path, None, LOG) as settings:
        client = connect(settings)
        migrate(client)
        client.settings["log_queries"] = 1
        name_persons(client, KEYS)
        list(stream_query(settings, "SYSTEM FLUSH LOGS"))
        named = {"regexp": rule.findtext("regexp"), "by": rule.findtext("replace")}
        rows = client.execute(LOGGED, named)
        client.disconnect()
    assert len(rows) > 10
    for plain, masked in rows:
        assert any(key in plain for key in KEYS)
        assert not [key for key in KEYS if key.partition(":")[2] in masked]
        assert len(masked) < len(plain)


def name_persons(client: Client, keys: Sequence[str]) -> None:
    """What commands and services ask about persons."""
    now_us = 1_800_000_000_000_000
    assert known_keys(client, keys) == {key: [] for key in keys}
    assert count_rows(client, [[Target(key, "loyalty", 0, now_us)] for key in keys])
    read_export(client, CIPHER, Named([keys[0]], "4711"), datetime(2026, 3, 1, tzinfo=UTC))
    assert read_facts(client, keys, Wanted("store_purchase"), now_us).person.asks == ()
    assert read_persons(client, keys, lambda: default_map(client)) == {}


LOGGED = """
SELECT query, replaceRegexpAll(query, %(regexp)s, %(by)s) FROM system.query_log
WHERE type = 'QueryStart' AND match(query, ':[0-9a-f]{64}')"""
