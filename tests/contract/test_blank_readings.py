"""In the log of readings somebody who is erased is found by the erasure secret alone, and everybody else as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import start_anew, store
from tests.support.engine import running_engine
from tests.support.erasures import SECRET
from tests.unit.processors.loop.world import event, person_key
from touchline.clickhouse.connect import connect
from touchline.comments.readings import COMMENTS, Reading, digest_of, read_log, record_reading
from touchline.erasure.blank_readings import blank_readings

GONE, STAYS, NEVER_READ = map(person_key, (1, 2, 3))
WHOLE = "SELECT read_at, way, reader, login, filters, opened, shown FROM journey_raw.readings ORDER BY ALL"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Of one of the persons nothing is left in the ledger. Both were read, one of them twice; and everybody's texts were."""
    with running_engine(tmp_path) as settings:
        client = connect(settings)
        start_anew(client)
        store(settings, tmp_path / "state", [event(1, 2, 1)])
        for person in (GONE, STAYS, GONE, ""):
            digest = digest_of(person) if person else ""
            record_reading(client, Reading(COMMENTS, "ada", {"person": "1 person"}, digest, 3, 2))
        yield client
        client.disconnect()


def test_who_has_the_persons_key_does_not_find_the_erased_and_the_erasure_secret_does(client: Client) -> None:
    before = client.execute(WHOLE)
    assert blank_readings(client, SECRET, [GONE, STAYS, NEVER_READ]) == 1
    assert read_log(client, persons=[GONE]) == []
    assert len(read_log(client, persons=[GONE], secret=SECRET)) == 2
    assert len(read_log(client, persons=[STAYS])) == 1
    assert client.execute(WHOLE) == before
    assert client.execute("SELECT count() FROM journey_raw.readings WHERE person_digest = ''") == [(1,)]
    assert blank_readings(client, SECRET, [GONE, STAYS]) == 0
    assert len(read_log(client, persons=[GONE], secret=SECRET)) == 2


def test_no_statement_that_the_server_keeps_names_the_digest(client: Client) -> None:
    blank_readings(client, SECRET, [GONE])
    ((command,),) = client.execute("SELECT command FROM system.mutations WHERE table = 'readings'")
    assert digest_of(GONE) not in command
    assert SECRET.of_reading(GONE) not in command
    assert client.execute("SELECT count() FROM system.tables WHERE startsWith(name, 'blanking_')") == [(0,)]
