"""The views as dbt's sources: descriptions, additivity as `meta`, and data tests of what must hold in every ledger."""

from __future__ import annotations

import re

import yaml

from touchline.dashboards.bi.chart_form import Json
from touchline.dashboards.bi.datasets import DATASETS
from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.views import View

SOURCES = "models/sources.yml"
_ADDITIVITY = re.compile(r"\(additivity: (\w+)")
_ALWAYS_THERE = ("bucket", "map", "map_version", "source", "event_id", "id", "n", "level")
_UNIQUE = (("dim_place", "id"), ("dim_source", "id"), ("freshness", "source"))


def dbt_files() -> dict[str, str]:
    """Path within the package -> content."""
    source: Json = {
        "name": "touchline",
        "schema": "journey",
        "description": "Customer journeys: what Touchline's views show. Name one map and one version in every model.",
        "tables": [_table(dataset.view) for dataset in DATASETS.values()],
    }
    content = {"version": 2, "sources": [source]}
    return {SOURCES: yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)}


def _table(view: View) -> Json:
    return {"name": view.name, "description": view.comment, **_meta(view.comment), "columns": _columns(view)}


def _columns(view: View) -> list[Json]:
    found = []
    for name, (column, _) in view.columns.items():
        shape: Json = {"name": name, "description": column.comment, "data_type": column.type, **_meta(column.comment)}
        if tests := _tests(view.name, name, column.type):
            shape["data_tests"] = tests
        found.append(shape)
    return found


def _meta(comment: str) -> Json:
    found = _ADDITIVITY.search(comment)
    return {"config": {"meta": {"additivity": found[1]}}} if found else {}


def _tests(view: str, name: str, type_: str) -> list[object]:
    tests: list[object] = ["not_null"] if name in _ALWAYS_THERE and "Nullable" not in type_ else []
    if (view, name) in _UNIQUE:
        tests.append("unique")
    if view != "dim_kpi" and (values := _values(name)):
        # Without quotes for numbers: the engine does not compare a number with a text.
        accepted: Json = {"values": values, "quote": isinstance(values[0], str)}
        tests.append({"accepted_values": {"arguments": accepted}})
    return tests


def _values(name: str) -> list[str] | list[int]:
    """All values that a column can have; empty where they are not few."""
    catalogue = load_catalogue()
    closed: dict[str, list[str] | list[int]] = {
        "kpi": [kpi.id for kpi in catalogue.surveys],
        "variant": list(dict.fromkeys(variant.id for _, variant in catalogue.variants())),
        "ci_method": list(dict.fromkeys(str(variant.interval) for _, variant in catalogue.variants())),
        "scope": ["relational", "transactional"],
        "transition": ["enter", "advance", "skip", "return", "stay"],
        "level": ["touchpoint", "stage"],
        # The account balances, or dbt says so.
        "is_balanced": [1],
    }
    if name.startswith("is_") and name not in closed:
        return [0, 1]
    return closed.get(name, [])
