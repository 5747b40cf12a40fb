"""Stores: all that the data set knows of them is their numbers; where they are is inferred."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from touchline.producers.imports.retail.data_set import open_parquet

KIND: Final = "store"


def read_stores(transactions: Path) -> list[str]:
    """Ids of the stores, sorted as numbers. Raises WrongUsage where the file is not the expected one."""
    column = open_parquet(transactions, ("store_id",)).read(["store_id"])["store_id"]
    return [str(number) for number in sorted(pc.unique(column).to_pylist())]
