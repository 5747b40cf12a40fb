"""All files for BI tools, as they follow from the views and the KPI catalogue; `python -m touchline.sql.generate` writes them, too.

Why: docs/decisions/0160.
"""

from __future__ import annotations

from pathlib import Path

from touchline.dashboards.bi.dbt_files import dbt_files
from touchline.dashboards.bi.grafana_files import grafana_files
from touchline.dashboards.bi.superset_files import BUNDLE, superset_files

FOLDERS = (BUNDLE,)
"""Folders that hold generated files only: what is in them and not generated is from an older release."""


def bi_files() -> dict[str, str]:
    """Path within the project -> content."""
    return superset_files() | grafana_files() | dbt_files()


def write_bi_files(project: Path) -> None:
    """Write them into a checkout, and take away those that are no longer made."""
    files = bi_files()
    for folder in FOLDERS:
        for path in (project / folder).rglob("*"):
            if path.is_file() and str(path.relative_to(project)) not in files:
                path.unlink()
    for name, content in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(name)
