"""A server's own log of queries holds nothing of what the pipeline, the commands and the page ask: queries name person keys."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.access import ROOT, engine_as, read_access
from tests.support.dashboards import dashboard
from touchline.clickhouse.connect import connect, connect_as
from touchline.clickhouse.http import stream_query
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings
from touchline.sql.schema.migrate import migrate

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
