"""Writes what follows from the KPI catalogue: `python -m touchline.sql.generate`. A test holds the files against the catalogue.

Once a release has applied a migration it is frozen (ClickHouse remembers its checksum): a change of the catalogue then goes into a
migration of a new number, so raise the numbers below.
"""

from __future__ import annotations

from pathlib import Path

from touchline.sql.dimension_views import DIMENSION_VIEWS
from touchline.sql.documents import kpis_page, views_page
from touchline.sql.fact_views import FACT_VIEWS
from touchline.sql.mart_views import MART_VIEWS
from touchline.sql.projections import KPI_PROJECTIONS

PROJECTIONS_MIGRATION = "0003_add_kpi_projections"
VIEWS_MIGRATION = "0005_create_views"
VIEWS = (*FACT_VIEWS, *MART_VIEWS, *DIMENSION_VIEWS)
_KEPT = "-- KPI sums, kept by ClickHouse in every part.\n\n"
_ALTER = "ALTER TABLE journey_raw.ledger\n"
_HEAD = "-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.\n"


def generated_files() -> dict[str, str]:
    """Path within the project -> content."""
    up_projections = ",\n".join(
        f"    -- {projection.comment}\n"
        f"    ADD PROJECTION IF NOT EXISTS {projection.name}\n    (\n{projection.query('        ')}\n    )"
        for projection in KPI_PROJECTIONS
    )
    down_projections = ",\n".join(f"    DROP PROJECTION IF EXISTS {item.name}" for item in reversed(KPI_PROJECTIONS))
    up_views = "\n".join(view.ddl() for view in VIEWS)
    down_views = "".join(f"DROP VIEW IF EXISTS journey.{view.name};\n" for view in reversed(VIEWS))
    return {
        f"sql/migrations/{PROJECTIONS_MIGRATION}.sql": f"{_HEAD}{_KEPT}{_ALTER}{up_projections};\n",
        f"sql/migrations/{PROJECTIONS_MIGRATION}.down.sql": f"{_HEAD}\n{_ALTER}{down_projections};\n",
        f"sql/migrations/{VIEWS_MIGRATION}.sql": f"{_HEAD}-- All that readers see.\n\n{up_views}",
        f"sql/migrations/{VIEWS_MIGRATION}.down.sql": _HEAD + down_views,
        "docs/kpis.md": kpis_page(),
        "docs/views.md": views_page(VIEWS),
    }


def main() -> None:
    """Write the files into the project that this package belongs to."""
    project = Path(__file__).resolve().parent.parent
    for name, content in generated_files().items():
        (project / name).write_text(content, encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
