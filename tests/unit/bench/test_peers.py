"""What the programs beside the worker are asked to do, and how what they did is judged."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from zlib import crc32

import pytest

from bench import peers
from bench.events import make_events
from bench.peer import job
from bench.pipeline import PARTITIONS

ROOT = Path(__file__).parent.parent.parent.parent
PROGRAMS = sorted(path for path in (ROOT / "bench" / "peer").glob("*.py") if path.stem not in ("__init__", "job"))


def test_the_rows_of_every_peer_are_the_events_that_were_sent() -> None:
    content: peers.Content = {}
    names = [one.partition(" ")[0] for one in job.COLUMNS]
    for event in make_events(200, PARTITIONS):
        row = dict(zip(names, job.to_row(event.value), strict=True))
        fields = [row["event_id"], row["person"], row["event_time"], row["place"], row["amount_minor"], row["currency"]]
        fields += [row["order_id"], row["kpi"], f"{row['score']:.0f}"]
        count, checksum = content.get(str(row["touchpoint"]), (0, 0))
        content[str(row["touchpoint"])] = (count + 1, checksum + crc32("|".join(map(str, fields)).encode()))
    assert content == peers.content_of_events(200)
    assert sum(count for count, _ in content.values()) == 200


@pytest.mark.parametrize("field", ["id", "time", "place", "amount", "order"])
def test_a_field_that_a_peer_leaves_out_changes_the_checksum(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = peers.content_of_events(40)
    changed = [json.loads(one.value) for one in make_events(40, PARTITIONS)]
    last = max(number for number, one in enumerate(changed) if field in one)
    if field in ("id", "place"):
        changed[last][field] += "x"
    elif field == "time":
        changed[last][field] = "2026-01-01T00:00:00.001Z"
    else:
        del changed[last][field]
    events = list(make_events(40, PARTITIONS))
    events[last] = events[last]._replace(value=json.dumps(changed[last]).encode())
    monkeypatch.setattr(peers, "make_events", lambda _count, _partitions: iter(events))
    assert peers.content_of_events(40) != wanted


def test_the_ledger_and_a_table_are_asked_for_the_same_fields() -> None:
    ledger = peers.content_query("journey_raw.ledger", "sign", "identifier", "kind = 'received'")
    table = peers.content_query("t", "1", "person", "true")
    assert (
        ledger.replace("toInt64(sign)", "toInt64(1)")
        .replace("sum(sign)", "sum(1)")
        .replace("identifier", "person")
        .replace("journey_raw.ledger", "t")
        .replace("kind = 'received'", "true")
        == table
    )


def test_the_start_of_a_program_is_not_counted() -> None:
    few, many = peers.Spent(40, 2.0, 1.0), peers.Spent(1_000_040, 12.0, 6.0)
    assert peers.beyond(few, many) == peers.Each(10.0, 5.0)
    with pytest.raises(SystemExit, match="too few events"):
        peers.beyond(few, peers.Spent(80, 1.9, 1.1))


def test_ratios_are_those_of_one_round_to_another_program_of_it() -> None:
    rounds = [
        {"touchline": peers.Each(30.0, 30.0), "quix": peers.Each(15.0, 5.0)},
        {"touchline": peers.Each(10.0, 30.0), "quix": peers.Each(20.0, 20.0)},
        {"touchline": peers.Each(20.0, 20.0), "quix": peers.Each(20.0, 20.0)},
    ]
    result = peers.summarize(rounds)
    assert [result[f"worker_ratio_to_quix{one}"] for one in ("", "_min", "_max")] == [1.0, 0.5, 2.0]
    assert [result[f"sum_ratio_to_quix{one}"] for one in ("", "_min", "_max")] == [1.0, 1.0, 3.0]
    assert (result["touchline_worker_us"], result["touchline_sum_us"]) == (20.0, 40.0)


def test_a_peer_whose_package_is_missing_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "python")
    there = [name for name, peer in peers.PEERS.items() if peers.is_there(peer)]
    assert there == ["lean_faust", "aiokafka", "confluent"]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.stem))
def test_each_peer_is_a_file_that_names_the_page_it_follows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "https://" in (ast.get_docstring(ast.parse(text)) or "")
    assert [name for name, peer in peers.PEERS.items() if f"bench.peer.{path.stem}" in " ".join(peer.arguments)]


def test_peers_use_what_the_worker_uses_in_the_same_version() -> None:
    ours = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    theirs = (ROOT / "scripts" / "peers.lock").read_text(encoding="utf-8").splitlines()
    for name in ("orjson", "clickhouse-driver"):
        (line,) = [one for one in theirs if one.startswith(f"{name}==")]
        assert f"\n{line}" in ours
