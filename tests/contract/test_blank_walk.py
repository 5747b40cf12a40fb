"""A mark tells how far a walk has come, and so may name an identifier: that is blanked as well."""

from __future__ import annotations

from pathlib import Path

from tests.support.engine import running_engine
from tests.support.requests_to_erase import ask_to_erase
from touchline.clickhouse.connect import connect
from touchline.erasure.blank import blank
from touchline.processors import walk
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.identifiers import PersonKeys

SECRET = ErasureSecret(bytes(range(32)))
STREAM, WRITER = "events/7/0", "worker-1"
GONE, OTHER = (PersonKeys("k1", bytes(32)).key("login", name) for name in ("ada", "bob"))
MARKS = [walk._IDENTIFIERS + GONE, walk._IDENTIFIERS + OTHER, walk._IDENTIFIERS + GONE, "n0", walk.END]


def test_no_mark_names_an_identifier_for_which_nothing_stands(tmp_path: Path) -> None:
    with running_engine(tmp_path) as settings:
        client = connect(settings)
        client.execute("INSERT INTO journey_raw.fence VALUES", [(STREAM, 1, WRITER)])
        for number, walked_to in enumerate(MARKS, 1):
            row = (STREAM, number, "mark", number, 1, number << 20, WRITER, 1, 1, walked_to)
            client.execute(
                "INSERT INTO journey_raw.ledger "
                "(stream, insert_number, kind, offset, sign, row_id, writer, generation, map_change, walked_to) VALUES",
                [row],
            )
        ask_to_erase(client, 1, "r1", GONE, SECRET)
        assert blank(client, SECRET, lambda _: None).rows == {"mark": 2}
        found = client.execute("SELECT walked_to FROM journey_raw.ledger WHERE kind = 'mark' ORDER BY insert_number")
        assert [walked_to for (walked_to,) in found] == ["", MARKS[1], "", "n0", walk.END]
        client.disconnect()
