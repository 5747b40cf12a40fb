"""Reads YAML as plain values and remembers the line of each, so that every later complaint can name its line.

The traps of YAML 1.1 are closed: `yes`, `no`, `on`, `off` and `12:30` are text, dates are text (the model reads them
where it wants dates), a key written twice is an error (YAML keeps the last one silently), and anchors are refused (no
map needs them, and a nest of them can blow a small file up to gigabytes).

Why: docs/decisions/0031.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

from touchline.schemas.journey.problems import FileProblem, Path, field_name

MAX_FILE_BYTES = 1 << 20
LONGEST_NUMBER = 40  # digits; what is longer is no number of a map (and Python refuses to read some of it)


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2's core schema, and without aliases."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used in maps", problem_mark=mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


class Document(NamedTuple):
    """The values of a file, the line of each path, and what was wrong with the YAML itself."""

    values: Any
    lines: dict[Path, int]
    problems: list[FileProblem]
    nullable: frozenset[str] = frozenset()
    """Names of groups in which null is a value."""

    def written(self, path: Path) -> Path:
        """The path as the file has it, of a value in the model, or of the nearest thing around it: the model makes a
        list of a single value, and reads a bare sentence as a group of fields."""
        found: Path = ()
        for step in path:
            if (*found, step) in self.lines:
                found = (*found, step)
            elif not isinstance(step, int):
                break
        return found

    def problem(self, path: Path, what: str, hint: str) -> FileProblem:
        """A problem at a place of the model."""
        written = self.written(path)
        return FileProblem(self.lines.get(written, 1), field_name(written), what, hint)


def read_yaml(text: str, nullable: frozenset[str] = frozenset()) -> Document:
    """Never raises: a text that is no YAML comes back as a document with problems and no values. Null is a value within the groups of
    those names only."""
    if len(text.encode(errors="replace")) > MAX_FILE_BYTES:
        return Document(
            None, {}, [FileProblem(0, "", f"the file is larger than {MAX_FILE_BYTES} bytes", "split the map")]
        )
    try:
        node = _Loader(text).get_single_node()
    except yaml.YAMLError as error:
        return Document(None, {}, [_syntax_problem(error)])
    except RecursionError:
        return Document(
            None, {}, [FileProblem(0, "", "the file nests far too deeply", "a map nests no deeper than rules do")]
        )
    document = Document({}, {}, [], nullable)
    if node is None:
        document.problems.append(FileProblem(0, "", "the file is empty", "start with `map: <name>` and `version: 1`"))
        return document
    return document._replace(values=_value(node, (), document))


def _syntax_problem(error: yaml.YAMLError) -> FileProblem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    hint = "write the value out at each place" if "aliases" in what else "look at indentation, quotes and colons here"
    return FileProblem(mark.line + 1 if mark else 0, "", f"not readable as YAML: {what}", hint)


def _value(node: yaml.Node, path: Path, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, position), document) for position, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, path: Path, document: Document) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in values:
            first = document.lines[(*path, key)]
            what = f"the key stands here twice (first in line {first})"
            document.problems.append(FileProblem(line, field_name((*path, key)), what, "keep one of them"))
            continue
        document.lines[(*path, key)] = line
        value = values[key] = _value(value_node, (*path, key), document)
        if value is None and not (path and path[-1] in document.nullable):
            name = field_name((*path, key))
            document.problems.append(FileProblem(line, name, "there is no value", "write one, or remove the field"))
    return values


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text, tag = str(node.value), node.tag.rpartition(":")[2]
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int" and len(text) <= LONGEST_NUMBER:
        return int(text)
    if tag == "float":
        return float(text)
    return None if tag == "null" else text
