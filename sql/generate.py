"""Writes what follows from the KPI catalogue: `python -m touchline.sql.generate`. A test holds the files against the catalogue.

Once a release has applied a migration it is frozen (ClickHouse remembers its checksum). So views that differ from what the frozen
migrations made stand in VIEWS_MIGRATION, which is made anew until it is frozen, too: then give it the next number. Projections have not
changed yet, one was added; a change would need a migration that drops and adds them.

Why: docs/decisions/0051.
"""

from __future__ import annotations

import re
from pathlib import Path

from touchline.dashboards.bi.generate import write_bi_files
from touchline.sql.all_views import ALL_VIEWS as ALL_VIEWS, API_VIEWS, EVENT_VIEWS, VIEWS as VIEWS
from touchline.sql.ledger.projections import JOURNEY_SUMS, KPI_PROJECTIONS, Projection
from touchline.sql.schema.documents import kpis_page, views_page
from touchline.sql.schema.migrate import migrations_dir
from touchline.sql.schema.viewers import viewer_grants

PROJECTIONS_MIGRATION = "0003_add_kpi_projections"
VIEWS_MIGRATION = "0009_add_selections"
JOURNEYS_MIGRATION = "0010_add_journey_sums"
_KEPT = "-- KPI sums, kept by ClickHouse in every part.\n\n"
_ADDED_LATER = (
    "-- Sums by journey, and where a person's rows are. The parts that are there get them in the background; until then rows are read one\n"
    "-- by one, which costs time and changes no number.\n\n"
)
_PERSON_INDEX = "of_person"
_ALTER = "ALTER TABLE journey_raw.ledger\n"
_HEAD = "-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.\n"
_VIEW_DDL = re.compile(r"^CREATE OR REPLACE VIEW (\S+)\n.*?;\n(?=\n|\Z)", re.DOTALL | re.MULTILINE)


def generated_files() -> dict[str, str]:
    """Path within the project -> content."""
    up_projections = ",\n".join(map(_added, KPI_PROJECTIONS))
    down_projections = ",\n".join(f"    DROP PROJECTION IF EXISTS {item.name}" for item in reversed(KPI_PROJECTIONS))
    up_views, down_views = changed_views(frozen_views())
    differing = f"{_HEAD}-- Views that are new or differ from those before.\n\n"
    return {
        f"sql/schema/migrations/{PROJECTIONS_MIGRATION}.sql": f"{_HEAD}{_KEPT}{_ALTER}{up_projections};\n",
        f"sql/schema/migrations/{PROJECTIONS_MIGRATION}.down.sql": f"{_HEAD}\n{_ALTER}{down_projections};\n",
        f"sql/schema/migrations/{VIEWS_MIGRATION}.sql": f"{differing}{up_views}",
        f"sql/schema/migrations/{VIEWS_MIGRATION}.down.sql": f"{_HEAD}\n{down_views}",
        f"sql/schema/migrations/{JOURNEYS_MIGRATION}.sql": f"{_HEAD}{_ADDED_LATER}{_ALTER}{_added(JOURNEY_SUMS)},\n"
        "    -- Which granules may hold rows of a person, whatever identifiers it has: the events of a journey are found without a scan.\n"
        f"    ADD INDEX IF NOT EXISTS {_PERSON_INDEX} person TYPE bloom_filter(0.01) GRANULARITY 1;\n\n"
        f"{_ALTER}    MATERIALIZE PROJECTION {JOURNEY_SUMS.name},\n    MATERIALIZE INDEX {_PERSON_INDEX};\n",
        f"sql/schema/migrations/{JOURNEYS_MIGRATION}.down.sql": f"{_HEAD}\n{_ALTER}    DROP INDEX IF EXISTS {_PERSON_INDEX},\n"
        f"    DROP PROJECTION IF EXISTS {JOURNEY_SUMS.name};\n",
        "sql/access/3_viewer.sql": viewer_grants(),
        "docs/kpis.md": kpis_page(),
        "docs/views.md": views_page(VIEWS, [one.view for one in EVENT_VIEWS], API_VIEWS),
    }


def _added(projection: Projection) -> str:
    return (
        f"    -- {projection.comment}\n"
        f"    ADD PROJECTION IF NOT EXISTS {projection.name}\n    (\n{projection.query('        ')}\n    )"
    )


def frozen_views(before: str = VIEWS_MIGRATION) -> dict[str, str]:
    """Name of each view -> its DDL as the migrations before that one leave it."""
    found: dict[str, str] = {}
    for path in sorted(migrations_dir().glob("[0-9]*.sql")):
        if path.name < before and not path.name.endswith(".down.sql"):
            found |= {ddl[1]: ddl[0] for ddl in _VIEW_DDL.finditer(path.read_text(encoding="utf-8"))}
    return found


def changed_views(frozen: dict[str, str]) -> tuple[str, str]:
    """SQL that brings the frozen views to those of the catalogue, and SQL that takes that back."""
    now = {view.full_name: view.ddl() for view in ALL_VIEWS}
    up = [ddl for name, ddl in now.items() if ddl != frozen.get(name)]
    up += [f"DROP VIEW IF EXISTS {name};\n" for name in frozen if name not in now]
    down = [f"DROP VIEW IF EXISTS {name};\n" for name in reversed(now) if name not in frozen]
    down += [ddl for name, ddl in frozen.items() if ddl != now.get(name)]
    return "\n".join(up), "\n".join(down)


def main() -> None:
    """Write the files into the project that this package belongs to."""
    project = Path(__file__).resolve().parent.parent
    for name, content in generated_files().items():
        (project / name).write_text(content, encoding="utf-8")
        print(name)
    write_bi_files(project)


if __name__ == "__main__":
    main()
