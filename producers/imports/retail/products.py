"""Products: which department of the store each one belongs to, and what a basket brought to each department."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from touchline.producers.imports.retail.data_set import open_parquet

REVENUE: Final = "revenue_minor:"
"""Begins the name of the property that holds a basket's revenue in one department, in cents."""
_COLUMNS: Final = ("product_id", "department")


class Products:
    """The products of the data set. 17 of those that were sold are not among them: their revenue is in no department."""

    def __init__(self, folder: Path) -> None:
        """Reads them. Raises WrongUsage where the file is not the expected one."""
        table = open_parquet(folder / "products.parquet", _COLUMNS).read(list(_COLUMNS))
        self._ids = table["product_id"].combine_chunks()
        self._departments = table["department"].combine_chunks()
        self.count = len(self._ids)

    def revenue_by_department(self, lines: pa.Table) -> dict[int, dict[str, int]]:
        """Basket id -> property -> cents; `lines` has basket_id, product_id and amount_minor. What brought nothing is left out."""
        departments = self._departments.take(pc.index_in(lines["product_id"], self._ids))
        sums = (
            pa.table({"basket": lines["basket_id"], "department": departments, "cents": lines["amount_minor"]})
            .group_by(["basket", "department"], use_threads=False)
            .aggregate([("cents", "sum")])
        )
        revenue: dict[int, dict[str, int]] = {}
        columns: Any = (sums[name].to_pylist() for name in ("basket", "department", "cents_sum"))
        for basket, department, cents in zip(*columns, strict=True):
            if cents and department is not None:
                revenue.setdefault(basket, {})[REVENUE + department] = cents
        return revenue
