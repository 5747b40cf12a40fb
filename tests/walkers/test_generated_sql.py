"""What is generated from the KPI catalogue is what is committed; grants stay where readers may look."""

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
        path.name for path in (project_dir / "sql/migrations").glob("*.sql") if not path.name.endswith(".down.sql")
    )
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.sql", name)] == []


def test_readers_are_granted_nothing_outside_journey_and_journey_api(project_dir: Path) -> None:
    text = (project_dir / "sql/grants.sql").read_text(encoding="utf-8")
    statements = re.sub(r"--[^\n]*", "", text)
    assert set(re.findall(r"GRANT\s+(\w+)\s+ON\s+(\w+)\.\*", statements)) == {
        ("SELECT", "journey"),
        ("SELECT", "journey_api"),
    }
    assert len(re.findall(r"\bGRANT\b", statements)) == 2
    assert "readonly = 1" not in statements


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
