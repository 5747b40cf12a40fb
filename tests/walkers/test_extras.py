"""Each extra brings what its commands import. Read from the sources, since everything is installed where tests run."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.documents import ROOT
from tests.walkers.test_imports import _at_start, file_of, imports_of
from touchline.cli.commands import COMMANDS, Command
from touchline.cli.main import EXTRAS, _extra_with

COMPANIONS = {"pydantic-core": "pydantic", "yarl": "aiohttp"}
"""What comes with a package that is declared, and is part of its interface."""
Declared = dict[str, frozenset[str]]


@cache
def declared() -> Declared:
    """By extra the packages that it names, those of the extras in it and of the base install included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = {"": project["dependencies"], **project["optional-dependencies"]}

    def names(extra: str) -> Iterator[str]:
        for line in own[extra]:
            name, _, more = line.replace("]", "[").partition("[")
            if name == "touchline":
                for other in more.partition("[")[0].split(","):
                    yield from names(other)
            else:
                yield plain(name)

    return {extra: frozenset((*names(extra), *names(""))) for extra in own}


def plain(requirement: str) -> str:
    name = requirement.strip()
    for sign in "=<>!~;[ ":
        name = name.partition(sign)[0]
    return name.lower().replace("_", "-")


@cache
def packages_of(path: Path, at_start: bool) -> frozenset[str]:
    """Packages of others that a file imports, by the name under which they are installed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(_at_start(tree.body)) if at_start else list(ast.walk(tree))
    modules = {one.module for one in nodes if isinstance(one, ast.ImportFrom) and one.module and not one.level}
    modules |= {name.name for one in nodes if isinstance(one, ast.Import) for name in one.names}
    tops = {one.partition(".")[0] for one in modules} - sys.stdlib_module_names - {"touchline"}
    known = distributions()
    found = {plain(name) for top in tops for name in known.get(top, [top])[:1]}
    return frozenset(COMPANIONS.get(one, one) for one in found)


@cache
def distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def reached(start: Path, *, at_start: bool) -> set[Path]:
    found, waiting = set[Path](), [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += ours(path, at_start)
    return found


@cache
def ours(path: Path, at_start: bool) -> tuple[Path, ...]:
    return tuple(imports_of(path, at_start=at_start))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_extra_of_a_command_brings_all_that_its_module_imports(command: Command) -> None:
    start = file_of(command.module)
    assert start is not None
    for path in reached(start, at_start=True):
        missing = packages_of(path, at_start=True) - declared()[command.extra]
        assert not missing, (
            f"`touchline {command.name}` imports {path.name}: {sorted(missing)} not in [{command.extra}]"
        )


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_some_words_of_a_command_take_beyond_its_extra_is_told_with_an_extra_that_brings_it(
    command: Command,
) -> None:
    start = file_of(command.module)
    assert start is not None
    for path in reached(start, at_start=False):
        for package in packages_of(path, at_start=False):
            extra = _extra_with(package, command.extra)
            assert package in declared()[extra], f"`touchline {command.name}`, {path.name}: no extra has {package}"


@pytest.mark.parametrize("extra", ["worker", "collector", "dashboard"])
def test_a_process_has_all_that_it_imports_also_while_it_runs(extra: str) -> None:
    start = file_of(COMMANDS[extra].module)
    assert start is not None
    needed = {one for path in reached(start, at_start=False) for one in packages_of(path, at_start=False)}
    assert needed - declared()[extra] == set()


def test_each_extra_is_one_that_a_missing_package_can_name() -> None:
    assert {*EXTRAS} == declared().keys() - {""}
