"""What `touchline bi export` writes for each tool, as file names and contents. It follows from the views and the KPI catalogue alone."""

from __future__ import annotations

import io
from enum import StrEnum
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from touchline.dashboards.bi.dbt_files import dbt_files
from touchline.dashboards.bi.grafana_files import grafana_files
from touchline.dashboards.bi.superset_files import superset_files
from touchline.dashboards.monitoring.dashboard import FILE as OPERATIONS, as_text as operations

SUPERSET_ZIP = "touchline.zip"
ZIP_ROOT = "touchline"
_HEAD = "# Written by touchline bi export: a change is lost when the export is made anew.\n"
_ZIP_TIME = (2025, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644
_UNIX = 3
_DASHBOARDS = Path(__file__).parent.parent


class Tool(StrEnum):
    """Tools that there are files for."""

    SUPERSET = "superset"
    GRAFANA = "grafana"
    DBT = "dbt"


def exported(tool: Tool, *, unpacked: bool = False) -> dict[str, bytes]:
    """File name within the folder -> content. `unpacked` is of Superset alone: the files instead of one zip."""
    match tool:
        case Tool.SUPERSET:
            files = _as_bytes(superset_files())
            return files if unpacked else {SUPERSET_ZIP: zipped(files)}
        case Tool.GRAFANA:
            made = _as_bytes({**grafana_files(), OPERATIONS: operations()})
            return made | _as_they_stand("grafana", "provisioning/**/*.yaml")
        case Tool.DBT:
            return _as_bytes(dbt_files()) | _as_they_stand("dbt", "dbt_project.yml")


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip as Superset exports it, with all files in one folder. The same files give the same bytes on every machine."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in sorted(files.items()):
            entry = ZipInfo(f"{ZIP_ROOT}/{name}", _ZIP_TIME)
            # Not compressed: releases of zlib compress the same text differently.
            entry.compress_type = ZIP_STORED
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _as_bytes(files: dict[str, str]) -> dict[str, bytes]:
    return {name: (text if name.endswith(".json") else _HEAD + text).encode() for name, text in files.items()}


def _as_they_stand(folder: str, pattern: str) -> dict[str, bytes]:
    """Files that are written by hand and handed on."""
    root = _DASHBOARDS / folder
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob(pattern))}
