"""The baskets: one touchpoint event for each receipt.

`transactions.parquet` holds one row per line of a receipt; the rows of a basket stand together. A basket becomes one event: id and order
are the basket's number, the amount is the exact sum of `sales_value` (what the retailer got for it, in dollars), the person is the
household.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from touchline.errors import TouchlineError
from touchline.producers.imports.retail.data_set import REQUIREMENT, ZONE, find_data_set, open_parquet
from touchline.producers.imports.retail.households import Household, read_segments, with_segment
from touchline.producers.imports.retail.products import Products
from touchline.schemas.times import format_time

SOURCE: Final = "retail-pos"
TOUCHPOINT: Final = "store_purchase"
CURRENCY: Final = "USD"

_ROWS_PER_BATCH: Final = 65_536
_BASKET: Final = ("basket_id", "household_id", "store_id", "transaction_timestamp")
_DOLLARS: Final = {
    "sales_value": "amount_minor",
    "retail_disc": "retail_discount_minor",
    "coupon_disc": "coupon_discount_minor",
    "coupon_match_disc": "coupon_match_discount_minor",
}
_COLUMNS: Final = (*_BASKET, "product_id", "quantity", *_DOLLARS)
_DISCOUNTS: Final = tuple(name for name in _DOLLARS.values() if name != "amount_minor")
_CENT_TOLERANCE: Final = 1e-6
"""Doubles of whole cents are off by less than 1e-11; more than this is no whole cent."""


class RetailBatch(NamedTuple):
    """Complete events of whole baskets, and how many rows of the file they account for."""

    events: list[dict[str, Any]]
    rows: int


def count_rows(path: Path) -> int:
    """Lines of receipts in the file; reads the footer only."""
    return int(open_parquet(path, _COLUMNS).metadata.num_rows)


def read_baskets(path: Path, folder: Path | None = None) -> Iterator[RetailBatch]:
    """The baskets in the order of the file, streamed; `folder` holds products and households, where it is not the installed package's.
    Raises TouchlineError where the rows of a basket do not stand together or an amount is not in whole cents, WrongUsage where the file
    is not the expected one."""
    folder = folder or find_data_set()
    products, households = Products(folder), read_segments(folder)
    rest: pa.Table | None = None
    seen: set[int] = set()
    for batch in open_parquet(path, _COLUMNS).iter_batches(_ROWS_PER_BATCH, columns=list(_COLUMNS)):
        table = pa.Table.from_batches([batch])
        if rest is not None:
            table = pa.concat_tables([rest, table])
        # The last basket may go on in the next batch.
        last = table["basket_id"][-1]
        complete = pc.index(table["basket_id"], last).as_py()
        rest = table.slice(complete)
        yield _events_of(table.slice(0, complete), seen, products, households)
    if rest is not None:
        yield _events_of(rest, seen, products, households)


def _events_of(lines: pa.Table, seen: set[int], products: Products, households: dict[str, Household]) -> RetailBatch:
    if lines.num_rows == 0:
        return RetailBatch([], 0)
    for dollars, minor in _DOLLARS.items():
        lines = lines.append_column(minor, _cents(lines[dollars]))
    sums = [(name, "sum") for name in ("quantity", *_DOLLARS.values())]
    firsts = [(name, "min") for name in _BASKET[1:]]
    # One thread keeps the order of the file.
    baskets = lines.group_by("basket_id", use_threads=False).aggregate([*firsts, *sums, ("basket_id", "count")])
    ids = baskets["basket_id"].to_pylist()
    if len(ids) != _runs(lines["basket_id"]) or not seen.isdisjoint(ids):
        raise TouchlineError("the rows of a basket do not stand together", f"install {REQUIREMENT} again")
    seen.update(ids)
    times_us = pc.cast(baskets["transaction_timestamp_min"], pa.timestamp("us")).cast(pa.int64()).to_pylist()
    columns = {name: baskets[name].to_pylist() for name in baskets.column_names if name != "transaction_timestamp_min"}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    revenue = products.revenue_by_department(lines)
    events = [
        _event(row, us, revenue.get(row["basket_id"], {}), households) for row, us in zip(rows, times_us, strict=True)
    ]
    return RetailBatch(events, lines.num_rows)


def _runs(column: pa.ChunkedArray) -> int:
    """Number of stretches of equal values."""
    changes = pc.sum(pc.not_equal(column.slice(1), column.slice(0, len(column) - 1))).as_py()
    return 1 + (changes or 0)


def _cents(dollars: pa.ChunkedArray) -> pa.ChunkedArray:
    exact = pc.multiply(dollars, 100.0)
    cents = pc.round(exact)
    if pc.max(pc.abs(pc.subtract(exact, cents))).as_py() > _CENT_TOLERANCE:
        raise TouchlineError("an amount is not in whole cents", f"install {REQUIREMENT} again")
    return pc.cast(cents, pa.int64())


def _event(
    basket: dict[str, Any], time_us: int, revenue: dict[str, int], households: dict[str, Household]
) -> dict[str, Any]:
    basket_id = str(basket["basket_id"])
    properties = {"quantity": basket["quantity_sum"], "lines": basket["basket_id_count"]}
    for name in _DISCOUNTS:
        if basket[f"{name}_sum"]:
            properties[name] = basket[f"{name}_sum"]
    properties |= revenue
    household = str(basket["household_id_min"])
    event = {
        "type": "touchline.touchpoint.v1",
        "id": basket_id,
        "source": SOURCE,
        "time": format_time(time_us),
        "identifiers": [("household", household)],
        "touchpoint": TOUCHPOINT,
        "action": "purchase",
        "channel": "store",
        "place": str(basket["store_id_min"]),
        "zone": ZONE,
        "amount": {"amount_minor": basket["amount_minor_sum"], "currency": CURRENCY},
        "order": {"id": basket_id, "kind": "purchase"},
        "properties": properties,
    }
    return with_segment(event, household, households)
