"""What a sender is told of the versions in the ledger, on the real engine: all that stand, of any partition, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import answer, start_anew, store
from tests.unit.processors.loop.world import event
from touchline.account.stored_versions import StoredVersions
from touchline.schemas.canonical import payload_hash
from touchline.schemas.checking import check_event
from touchline.schemas.times import parse_time
from touchline.schemas.versions import Version, completeness_of
from touchline.settings import Settings

ODD = "it's 100 % of \\ \U0001f45f {x} %(y)s \0 end"


@pytest.mark.parametrize("sizes", [[1], [100]], ids=["one by one", "at once"])
def test_all_versions_of_the_asked_events_are_told_and_no_others(
    engine_settings: Settings, engine_client: Client, tmp_path: Path, sizes: list[int]
) -> None:
    versions = [
        event(1, 1, 5),
        event(1, 1, 6),
        event(1, 1, 7, revision=2),
        answer(3, 1, 10, score=3, disposition="partial"),
        answer(3, 1, 12),
        {**event(4, None, 9), "id": ODD},
    ]
    refused = {**event(1, 1, 8), "provenance": "hearsay"}
    start_anew(engine_client)
    store(engine_settings, tmp_path, [*versions, versions[0], refused, event(9, 1, 20)], sizes)
    expected = {
        (
            one["id"],
            Version(
                one.get("revision", 0),
                completeness_of(check_event(one), parse_time(one["time"])),
                payload_hash(one),
            ),
        )
        for one in versions
    }
    told = StoredVersions(engine_client, None)
    found = told.ask("shop", ["e1", "a3", ODD, "unknown"])
    assert (set(found), len(found), told.fault) == (expected, len(versions), "")
    assert StoredVersions(engine_client, None).ask("web", ["e1"]) == []
    engine_client.execute("TRUNCATE TABLE journey_raw.ledger")
    engine_client.execute("TRUNCATE TABLE journey_raw.fence")
