"""What is generated from the KPI catalogue is what is committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from touchline.sql.generate import generated_files

GENERATED = generated_files()


@pytest.mark.parametrize("name", GENERATED)
def test_the_committed_file_is_the_generated_one(project_dir: Path, name: str) -> None:
    assert (project_dir / name).read_text(encoding="utf-8") == GENERATED[name], "run python -m touchline.sql.generate"


def test_migrations_are_numbered_without_gaps(project_dir: Path) -> None:
    names = sorted(
        path.name
        for path in (project_dir / "sql/schema/migrations").glob("*.sql")
        if not path.name.endswith(".down.sql")
    )
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.sql", name)] == []


def test_a_query_of_a_document_that_sums_over_rows_of_a_mart_names_its_map(project_dir: Path) -> None:
    """Every event stands once under each map: without it the sum is a multiple as soon as a second map runs."""
    summing = re.compile(r"SELECT[^`;]*?\bsum\([^`;]*?\bFROM (?:journey\.kpi_|journey_api\.kpi_)[^`;]*", re.DOTALL)
    texts = [
        project_dir / name
        for name in ("README.md", "docs/kpis.md", "touchline/cli/sql.py", "touchline/cli/commands.py")
    ]
    found = [match[0] for path in texts for match in summing.finditer(path.read_text(encoding="utf-8"))]
    assert len(found) > 4
    assert [query for query in found if "map = " not in query] == []
