"""Walls: which part of the house may import from which. The table is the picture; an arrow that is not in it is refused, and so is a
permission that nobody uses.

Parts are rooms of the package `touchline` by their real folders: `touchline/producers` and its like are links to the folders at the top.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.support.documents import ROOT

LINKED = ("dashboards", "processors", "producers", "schemas", "sql")
SPLIT = {"dashboards", "processors", "producers"}
"""Folders whose own rooms are parts; of all others the whole folder is one part."""

# Part -> parts it may import from, from the ground up.
ALLOWED = {
    "log": "",
    "schemas": "",
    "identity": "",
    "settings": "",
    "terminal": "",
    "markup": "",
    "metrics": "schemas",
    "clickhouse": "settings",
    "kafka": "log settings",
    "service": "log metrics schemas",
    "sql": "schemas",
    "journey": "schemas",
    "journey/maps": "schemas sql",
    "journey/suggest": "schemas sql",
    "map_changes": "journey schemas sql terminal",
    "sinks": "producers schemas",
    "surveys": "schemas sql terminal",
    "surveys/server": "account clickhouse kafka map_changes markup metrics person producers producers/collector schemas "
    "service settings sinks sql surveys",
    "simulate": "identity journey producers producers/imports schemas surveys",
    # the sender's side: nothing of the worker's
    "producers": "kafka producers/outbox schemas settings",
    "producers/outbox": "kafka producers schemas settings",
    "producers/imports": "producers schemas",
    "producers/browser": "",
    "producers/collector": "metrics producers producers/browser producers/outbox schemas service settings",
    # the worker's side: nothing of the sender's
    "processors/values": "journey schemas",
    "processors/ledger": "clickhouse journey processors/values schemas sql",
    "processors/state": "identity journey log processors/ledger processors/values schemas",
    "processors/steps": "journey processors/ledger processors/values schemas",
    "processors": "identity journey metrics processors/ledger processors/state processors/steps processors/values schemas",
    "processors/loop": "identity journey log metrics processors processors/ledger processors/state processors/values schemas",
    "processors/worker": "clickhouse journey kafka log map_changes metrics processors processors/ledger processors/loop processors/state "
    "processors/steps processors/values schemas service settings sql",
    # operations and ways to look
    "account": "journey kafka map_changes schemas settings sql",
    "backup": "account kafka schemas settings sql",
    "quarantine": "account kafka processors/steps processors/values producers schemas settings sql terminal",
    "report": "map_changes schemas sql surveys terminal",
    "trace": "schemas sql surveys terminal",
    "sources": "producers/collector schemas settings sql terminal trace",
    "person": "identity schemas sql terminal",
    "comments": "person processors/steps schemas terminal",
    "care": "clickhouse comments journey log metrics person producers producers/outbox schemas service settings sinks sql terminal",
    "export": "comments markup person processors/steps quarantine schemas sql terminal",
    "erasure": "care comments export kafka person processors/state processors/steps producers/outbox quarantine schemas sql terminal",
    "privacy": "markup schemas",
    "retention": "erasure schemas sql terminal",
    "dashboards/server": "clickhouse comments markup metrics processors/steps schemas service settings sql",
    "dashboards/bi": "dashboards/monitoring sql",
    "dashboards/monitoring": "",
    "dashboards/superset": "",
    "local": "clickhouse erasure kafka map_changes processors/worker schemas settings sql terminal",
}
FREE = {"errors", "wording"}
"""The ground: everybody may use it."""
ANYTHING = {"cli"}
"""Puts all together, and nothing imports it."""


class Arrow(NamedTuple):
    """One import statement: of which part and file, and which module it names."""

    part: str
    file: str
    target_part: str
    target: str


def part_of(path: Path) -> str:
    """The part in which a file of the package lies, named by its folder."""
    inside = path.relative_to(ROOT)
    folders = inside.parts[1:-1] if inside.parts[0] == "touchline" else inside.parts[:-1]
    if not folders:
        return inside.stem
    if folders[0] in SPLIT:
        return "/".join(folders[:2])
    return "/".join(folders[:2]) if folders[0] in ("journey", "surveys") else folders[0]


def file_of(module: str) -> Path | None:
    """The real file of a module of the package, nothing if there is none of that name."""
    parts = module.split(".")[1:]
    base = ROOT.joinpath(*parts) if parts and parts[0] in LINKED else ROOT.joinpath("touchline", *parts)
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def package_files() -> tuple[Path, ...]:
    folders = [ROOT / name for name in (*LINKED, "touchline")]
    # rglob does not follow the links inside touchline/
    return tuple(sorted(path for folder in folders for path in folder.rglob("*.py") if not path.parent.is_symlink()))


def imports_of(path: Path, *, at_start: bool = False) -> Iterator[Path]:
    """Files of the package that a file imports; with `at_start` only those that are read when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(_at_start(tree.body)) if at_start else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "touchline":
            for name in node.names:
                target = file_of(f"{node.module}.{name.name}") or file_of(node.module)
                if target is not None:
                    yield target
        elif isinstance(node, ast.Import):
            yield from filter(None, (file_of(name.name) for name in node.names if name.name.startswith("touchline.")))


def _at_start(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.Try):
            yield from _at_start(node.body)
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield node


@cache
def arrows() -> frozenset[Arrow]:
    found = set()
    for path in package_files():
        for target in imports_of(path):
            if part_of(path) != part_of(target):
                names = [str(one.relative_to(ROOT)) for one in (path, target)]
                found.add(Arrow(part_of(path), names[0], part_of(target), names[1]))
    return frozenset(found)


def test_every_import_between_parts_is_allowed() -> None:
    outside = {"__init__", "__main__", *ANYTHING}
    refused = [
        f"{arrow.file} imports {arrow.target}: {arrow.part} may not know {arrow.target_part}"
        for arrow in sorted(arrows())
        if arrow.part not in outside
        and arrow.target_part not in FREE
        and arrow.target_part not in ALLOWED.get(arrow.part, "").split()
    ]
    assert refused == []


def test_every_permission_is_used_and_every_part_is_known() -> None:
    used = {(arrow.part, arrow.target_part) for arrow in arrows()}
    unused = [f"{part} -> {to}" for part, names in ALLOWED.items() for to in names.split() if (part, to) not in used]
    assert unused == []
    known = {*ALLOWED, *ANYTHING, *FREE, "__init__", "__main__"}
    assert sorted({part_of(path) for path in package_files()} - known - set(SPLIT)) == []


def test_nothing_imports_the_command_line() -> None:
    assert [arrow for arrow in arrows() if arrow.target_part in ANYTHING and arrow.part != "__main__"] == []


def test_senders_and_workers_do_not_know_each_other() -> None:
    sides = [
        arrow
        for arrow in arrows()
        if {arrow.part.split("/")[0], arrow.target_part.split("/")[0]} == {"producers", "processors"}
    ]
    assert sides == []


def test_no_module_imports_itself_over_others() -> None:
    graph = {path: set(imports_of(path, at_start=True)) for path in package_files()}
    assert [" -> ".join(str(path.relative_to(ROOT)) for path in circle) for circle in circles(graph)] == []


def circles(graph: dict[Path, set[Path]]) -> list[list[Path]]:
    """Groups of modules that reach each other (strongly connected, two or more)."""
    reached: dict[Path, set[Path]] = defaultdict(set)
    for start in graph:
        waiting = list(graph[start])
        while waiting:
            path = waiting.pop()
            if path not in reached[start]:
                reached[start].add(path)
                waiting.extend(graph.get(path, ()))
    groups = {
        frozenset(other for other in reached[one] if one in reached[other]) for one in graph if one in reached[one]
    }
    return [sorted(group) for group in groups]


def test_the_walls_would_be_seen_to_break() -> None:
    first, second, third = (Path(name) for name in "abc")
    assert circles({first: {second}, second: {first}, third: {first}}) == [[first, second]]
    assert circles({first: {second}, second: {third}, third: set()}) == []
