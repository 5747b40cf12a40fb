"""The worker's log: one line an event, rate-limited, and nothing in it that an event said."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from touchline.log import BURST, WINDOW_SECONDS, LineFormatter, RateLimit, configure_log, frames_of, log_event


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    text = io.StringIO()
    configure_log(text)
    yield text
    root.handlers[:] = handlers
    root.setLevel(level)


def test_event_is_one_line_of_keys_and_values(stream: io.StringIO) -> None:
    log_event(logging.INFO, "assigned", generation=3, partitions="0,1", what='it "is" away')
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert line.rstrip().endswith("level=info event=assigned generation=3 partitions=0,1 what=\"it 'is' away\"")


def test_library_speaks_from_warning_on_and_without_its_traceback(stream: io.StringIO) -> None:
    library = logging.getLogger("aiokafka.conn")
    library.info("not heard")
    try:
        raise ConnectionError("jane@example.org")
    except ConnectionError:
        library.exception("Failed\nwith more lines")
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "logger=aiokafka.conn message=Failed error=ConnectionError" in line
    assert "jane" not in line


def test_dead_broker_does_not_flood_the_log() -> None:
    now = 0.0
    limit = RateLimit(lambda: now)
    passed = []
    for number in range(100_000):
        now = number / 1_000
        record = logging.LogRecord("aiokafka", logging.WARNING, "", 0, "no connection to %s", (number,), None)
        if limit.filter(record):
            passed.append(getattr(record, "held_back", 0))
    assert len(passed) == BURST * (1 + int(100 / WINDOW_SECONDS))
    assert passed[BURST] == WINDOW_SECONDS * 1_000 - BURST


def test_message_of_another_template_is_not_held_back() -> None:
    limit = RateLimit(lambda: 0.0)
    for number in range(BURST + 5):
        limit.filter(logging.LogRecord("aiokafka", logging.WARNING, "", 0, "one", (), None))
        other = logging.LogRecord("aiokafka", logging.WARNING, "", 0, f"other {number}", (), None)
        assert limit.filter(other)


def test_held_back_lines_are_counted_in_the_next_one() -> None:
    record = logging.LogRecord("aiokafka", logging.WARNING, "", 0, "away", (), None)
    record.held_back = 7
    assert LineFormatter().format(record).endswith("message=away held_back=7")


def test_bug_is_located_without_quoting_what_it_says() -> None:
    try:
        {}["jane@example.org"]  # type: ignore[index]
    except KeyError as error:
        where = frames_of(error)
    assert where.startswith("test_log.py:")
    assert "jane" not in where
