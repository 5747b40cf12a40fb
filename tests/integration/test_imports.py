"""The commands that import, as processes, on real engines: published counts, recounts, kills, a drop folder."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.rest import wait_until_at_rest
from touchline.clickhouse.connect import connect
from touchline.kafka.offsets import lag
from touchline.producers.imports import clicks
from touchline.producers.imports.retail.data_set import find_data_set, find_transactions

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

ROWS = 20_000
MAPPING = """\
mapping: receipts
source: shell
id: receipt
time: sold_at
zone: Europe/Berlin
identifiers: {loyalty: card}
amount: {column: total, currency: EUR}
fields: {touchpoint: {constant: till}, action: {constant: purchase}, place: store, order.id: receipt}
"""


@pytest.fixture(scope="module")
def shop(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger with a worker."""
    folder = tmp_path_factory.mktemp("imports")
    with own_face_with_worker(stack, folder) as ledger:
        yield ledger


def ask(ledger: Ledger, query: str, **values: Any) -> list[tuple[Any, ...]]:
    client = connect(ledger.settings)
    try:
        rows: list[tuple[Any, ...]] = client.execute(query, values)
        return rows
    finally:
        client.disconnect()


def wait_until_stored(ledger: Ledger, seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    while lag(ledger.settings) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.3)


@pytest.fixture(scope="module")
def data_sets(shop: Ledger) -> Ledger:
    """Both published data sets, in the views."""
    told = json.loads(touchline(shop, "import", "retail", "--json"))
    assert (told["events"], told["mailings"], told["redemptions"]) == (155_848, 6_589, 2_102)
    assert told["places_registered"]
    assert json.loads(touchline(shop, "import", "clicks", "--json"))["events"] == 31_106
    wait_until_stored(shop)
    return shop


def test_the_counts_that_the_data_sets_document_are_in_the_views(data_sets: Ledger) -> None:
    counts = """
        SELECT count(), uniqExact(person), uniqExact(place), uniqExact(touchpoint), min(is_simulated)
        FROM journey.touchpoints WHERE source = %(s)s"""
    assert ask(data_sets, counts, s="retail-pos") == [(155_848, 2_469, 457, 1, 0)]
    assert ask(data_sets, counts, s="retail-crm") == [(6_589, 1_559, 0, 1, 0)]
    assert ask(data_sets, counts, s="retail-coupons") == [(2_102, 410, 0, 1, 0)]
    assert ask(data_sets, counts, s="web-clicks") == [(31_106, 600, 0, 19, 1)]
    assert ask(data_sets, "SELECT uniqExact(campaign) FROM journey.touchpoints WHERE source = 'retail-crm'") == [(27,)]
    assert ask(data_sets, "SELECT count(), uniqExact(zone), uniqExact(kind) FROM journey.dim_place") == [(457, 1, 1)]
    lines = "SELECT sum(sign * toInt64(properties['lines'])) FROM journey_raw.ledger WHERE kind = 'received' AND source = 'retail-pos'"
    assert ask(data_sets, lines) == [(1_469_307,)]
    assert ask(data_sets, "SELECT count() FROM journey.quarantine") == [(0,)]
    assert ask(data_sets, "SELECT min(is_balanced) FROM journey.account") == [(1,)]
    assert ask(
        data_sets,
        "SELECT sum(events) FROM journey.kpi_volume_1d WHERE map = 'retail' AND touchpoint = 'campaign_mailing'",
    ) == [(6_589,)]


def test_orders_and_revenue_per_day_and_store_equal_a_recount_with_pandas_to_the_cent(data_sets: Ledger) -> None:
    columns = ["basket_id", "store_id", "sales_value", "transaction_timestamp"]
    lines = pd.read_parquet(find_transactions(), columns=columns)
    lines["cents"] = (lines.sales_value * 100).round().astype("int64")
    lines["day"] = lines.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert("America/New_York").dt.date
    sums = lines.groupby(["day", "store_id"]).agg(orders=("basket_id", "nunique"), cents=("cents", "sum"))
    expected = [
        (day, str(store), orders, cents)
        for (day, store), (orders, cents) in zip(sums.index, sums.values.tolist(), strict=True)
    ]
    query = """
        SELECT local_date, place, count(), toInt64(sum(amount) * 100) FROM journey.orders
        WHERE source = 'retail-pos' GROUP BY local_date, place"""
    assert sorted(ask(data_sets, query)) == sorted(expected)
    assert len(expected) > 30_000


def test_households_and_their_revenue_per_segment_equal_a_recount_with_pandas(data_sets: Ledger) -> None:
    lines = pd.read_parquet(find_transactions(), columns=["household_id", "sales_value"])
    people = pd.read_parquet(find_data_set() / "demographics.parquet", columns=["household_id", "household_comp"])
    lines = lines.merge(people, on="household_id")
    lines["cents"] = (lines.sales_value * 100).round().astype("int64")
    sums = lines.groupby("household_comp").agg(persons=("household_id", "nunique"), cents=("cents", "sum"))
    query = """
        SELECT segment, uniqExact(person), toInt64(sum(amount) * 100) FROM journey.orders
        WHERE source = 'retail-pos' AND segment IN %(segments)s GROUP BY segment"""
    expected = [(name, persons, cents) for name, (persons, cents) in zip(sums.index, sums.values.tolist(), strict=True)]
    assert sorted(ask(data_sets, query, segments=tuple(sums.index))) == sorted(expected)
    assert sums.persons.sum() == 801


def test_clicks_per_touchpoint_and_day_equal_a_recount_with_pandas(data_sets: Ledger) -> None:
    table = pd.read_csv(clicks.find_clicks())
    days = pd.to_datetime(table.timestamp).dt.date
    expected = {(day, event): count for (day, event), count in table.groupby([days, "event"]).size().items()}
    query = "SELECT local_date, touchpoint, count() FROM journey.touchpoints WHERE source = 'web-clicks' GROUP BY 1, 2"
    assert {(day, event): count for day, event, count in ask(data_sets, query)} == expected


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mapping, and a file that takes some seconds."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "receipts.yaml").write_text(MAPPING)
    with (folder / "receipts.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["receipt", "sold_at", "card", "total", "store"])
        for number in range(ROWS):
            at = f"2026-02-{1 + number % 28:02}T{number % 24:02}:15:00"
            writer.writerow(
                [number, at if number != 17 else "soon", f"card {number % 900}", f"{number % 100}.25", number % 9]
            )
    return folder


def test_an_import_killed_again_and_again_gives_every_row_once(shop: Ledger, files: Path) -> None:
    words = ("import", str(files / "receipts.csv"), "--mapping", str(files / "receipts.yaml"), "--json")
    journal = shop.settings.local_dir / "imports.sqlite3"
    for _ in range(2):
        before = _rows_noted(journal)
        process = subprocess.Popen(
            [sys.executable, "-m", "touchline", *words],
            env=shop.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while _rows_noted(journal) <= before and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    last = json.loads(touchline(shop, *words, status=1))
    wait_until_stored(shop)

    assert last["skipped"] >= 10_000
    assert last["rejected"] + last["skipped_rejected"] == 1
    assert last["skipped"] + last["rows"] == ROWS
    query = "SELECT count(), toInt64(sum(amount) * 100), uniqExact(person) FROM journey.orders WHERE source = 'shell'"
    cents = sum(number % 100 * 100 + 25 for number in range(ROWS) if number != 17)
    assert ask(shop, query) == [(ROWS - 1, cents, 900)]
    assert ask(shop, "SELECT DISTINCT source, reason, field FROM journey.quarantine") == [
        ("shell", "wrong_type", "time")
    ]
    assert ask(shop, "SELECT min(is_balanced) FROM journey.account") == [(1,)]


def _rows_noted(journal: Path) -> int:
    import sqlite3

    if not journal.is_file():
        return 0
    file = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return int(file.execute("SELECT coalesce(sum(rows), 0) FROM progress").fetchone()[0])
    except sqlite3.Error:
        return 0
    finally:
        file.close()


def test_a_drop_folder_takes_each_file_once_also_after_a_restart(shop: Ledger, files: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    words = ("import", "watch", str(inbox), "--mapping", str(files / "receipts.yaml"), "--interval", "0.2", "--json")
    head, *lines = (files / "receipts.csv").read_text().splitlines()

    def drop(name: str, rows: list[str]) -> None:
        (inbox / f"{name}.part").write_text("\n".join([head, *rows]))
        (inbox / f"{name}.part").rename(inbox / name)

    process = subprocess.Popen(
        [sys.executable, "-m", "touchline", *words], env=shop.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        drop("one.csv", lines[100:150])
        first = json.loads(process.stdout.readline())
        drop("two.csv", lines[140:200])
        second = json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            rest, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            rest, _ = process.communicate()
    assert (Path(first["file"]).name, first["accepted"], Path(second["file"]).name, second["accepted"]) == (
        "one.csv",
        50,
        "two.csv",
        60,
    )
    assert (process.returncode, rest) == (143, "")

    (inbox / "one.csv").rename(inbox / "one again.csv")
    drop("three.csv", lines[200:210])
    (inbox / "broken.parquet").write_bytes(b"no parquet")
    again = touchline(shop, *words[:5], "--once", "--json", status=1)
    assert [json.loads(line)["accepted"] for line in again.splitlines()] == [10]


def exported_order(number: int, updated: str, **more: Any) -> dict[str, Any]:
    fixed = {
        "created_at": "2026-03-01T09:30:00Z",
        "currency": "EUR",
        "total_price": "49.90",
        "financial_status": "paid",
    }
    return {"id": number, "updated_at": updated, "customer": {"id": 900 + number}, **fixed, **more}


def exported_receipt(number: int, more: str = "", status: str = "") -> str:
    return f"""<Transaction><RetailStoreID>7</RetailStoreID><WorkstationID>1</WorkstationID><SequenceNumber>{number}</SequenceNumber>
        <BusinessDayDate>2026-03-01</BusinessDayDate><EndDateTime>2026-03-01T09:30:00Z</EndDateTime><CurrencyCode>EUR</CurrencyCode>
        <RetailTransaction {status}><LineItem><Sale><ExtendedAmount>30</ExtendedAmount></Sale></LineItem>{more}
        <Total TotalType="TransactionGrandAmount">30.00</Total></RetailTransaction></Transaction>"""


def test_exports_leave_the_money_that_was_kept_and_one_journey_for_each_case(shop: Ledger, tmp_path: Path) -> None:
    back = {"id": 1, "created_at": "2026-03-04T08:00:00Z"}
    back["transactions"] = [{"kind": "refund", "status": "success", "amount": "9.90", "currency": "EUR"}]
    early, late = "2026-03-01T09:30:00Z", "2026-03-05T00:00:00Z"
    orders = [exported_order(1, early, refunds=[back]), exported_order(2, early)]
    (tmp_path / "monday.json").write_text(json.dumps({"orders": orders}))
    orders[1] = exported_order(2, late, financial_status="voided", cancelled_at=late)
    (tmp_path / "friday.json").write_text(json.dumps({"orders": orders}))
    names = (("RetailStoreID", 7), ("WorkstationID", 1), ("SequenceNumber", 1))
    link = "".join(f"<{name}>{value}</{name}>" for name, value in names)
    voided = exported_receipt(2, f"<TransactionLink>{link}</TransactionLink>", 'TransactionStatus="PostVoided"')
    root = "http://www.nrf-arts.org/IXRetail/namespace/"
    (tmp_path / "log.xml").write_text(
        f"<POSLog xmlns='{root}'>{exported_receipt(1)}{voided}{exported_receipt(3)}</POSLog>"
    )
    event = '<event><string key="concept:name" value="{}"/><date key="time:timestamp" value="2026-03-0{}T08:00:00Z"/></event>'
    events = event.format("call", 1) + event.format("repair", 2)
    traces = "".join(f'<trace><string key="concept:name" value="c{case}"/>{events}</trace>' for case in range(3))
    (tmp_path / "log.xes").write_text(f"<log>{traces}</log>")
    for _ in range(2):
        for names_of_files, mapping, source in (
            ("monday.json friday.json", "shopify", "call-centre"),
            ("log.xml", "poslog", "call-centre"),
            ("log.xes", "xes", "crm"),
        ):
            files = [str(tmp_path / name) for name in names_of_files.split()]
            touchline(shop, "import", *files, "--mapping", mapping, "--source", source)
    wait_until_at_rest(shop.settings)  # orders that come with a revision wait for the other partitions first
    money = (
        "SELECT order_id, sum(amount), count() FROM journey.orders WHERE source = 'call-centre' GROUP BY 1 ORDER BY 1"
    )
    assert [(order, float(kept), rows) for order, kept, rows in ask(shop, money)] == [
        ("1", 40, 2),
        ("7/1/2026-03-01/1", 0, 2),
        ("7/1/2026-03-01/3", 30, 1),
    ]
    ordered = "SELECT person, touchpoint FROM journey.touchpoints WHERE source = 'crm' ORDER BY event_time"
    cases = f"SELECT person, groupArray(touchpoint) FROM ({ordered}) GROUP BY person"
    found = ask(shop, cases)
    assert [steps for _, steps in found] == [["call", "repair"]] * 3
    assert len({person for person, _ in found} - {None}) == 3
