"""On another machine than that of the request who is erased is known by a digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from clickhouse_driver import Client

from tests.support.erasures import SECRET
from tests.unit.processors.loop.world import CIPHER
from tests.unit.producers.outbox.rig import NOW_MS, TooLarge, open_writer, record
from touchline.erasure import elsewhere
from touchline.erasure.elsewhere import forget_erased
from touchline.erasure.look import Places
from touchline.erasure.values import ASKED, DONE, Request
from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import all_refused, put_aside
from touchline.producers.outbox.forget import keys_in

JANE, CAME_BACK, OPEN, JOHN = (f"k1:{digit * 64}" for digit in "abcd")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def request(key: str, state: str) -> Request:
    digest = SECRET.of_identifier(key).hex()
    return Request("r", "erase", NOW, [1], [], [digest], [SECRET.id], state, NOW, "")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """An outbox in which an event of each of them stands aside. The ledger knows who came back, and who is erased just now."""

    def known(_: object, keys: Sequence[str]) -> dict[str, list[str]]:
        return {key: [key] if key in (CAME_BACK, OPEN, JOHN) else [] for key in keys}

    requests = [request(JANE, DONE), request(CAME_BACK, DONE), request(OPEN, ASKED)]
    monkeypatch.setattr(elsewhere, "read_requests", lambda _: requests)
    monkeypatch.setattr(elsewhere, "known_keys", known)
    open_writer(tmp_path).close()
    for number, person in enumerate((JANE, CAME_BACK, OPEN, JOHN)):
        put_aside(tmp_path, number, wire.body_of(record(number, person)), TooLarge(), NOW_MS * 1_000)
    return Places(cast(Client, None), CIPHER, [tmp_path])


def test_who_was_erased_elsewhere_leaves_the_outbox_and_nobody_else_does(places: Places) -> None:
    (outbox,) = places.outboxes
    assert forget_erased(places, SECRET) == 1
    assert keys_in(outbox) == {CAME_BACK, OPEN, JOHN}
    assert [one.event_id for one in all_refused(outbox)] == ["e1", "e2", "e3"]
    assert forget_erased(places, SECRET) == 0


def test_without_requests_that_are_done_nothing_is_read(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "read_requests", lambda _: [request(OPEN, ASKED)])
    assert forget_erased(places._replace(outboxes=[Path("/nowhere")]), SECRET) == 0
