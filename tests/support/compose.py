"""Compose files as Docker Compose reads them: variables at their defaults, one file laid over another."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).resolve().parents[2]
REPLACED = ("command", "entrypoint", "test")
"""Lists that the upper file replaces; all others are put together (Compose specification, chapter Merge)."""
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")

Document = dict[str, Any]


def load(*names: str) -> Document:
    """The files of this project, the later ones laid over the earlier."""
    merged: Document = {}
    for name in names:
        merged = _merged(merged, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    return merged


def _merged(lower: Document, upper: Document) -> Document:
    result = dict(lower)
    for key, value in upper.items():
        known = result.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            result[key] = _merged(known, value)
        elif isinstance(known, list) and isinstance(value, list) and key not in REPLACED:
            result[key] = [*known, *(one for one in value if one not in known)]
        else:
            result[key] = value
    return result


def filled(text: str, values: dict[str, str] | None = None) -> str:
    """The text with its variables, at their defaults where `values` has none."""
    return _VARIABLE.sub(lambda found: (values or {}).get(found["name"], found["default"] or ""), text)


def variables(document: Document) -> set[str]:
    """Names of the variables that a user may set in .env."""
    return {found["name"] for found in _VARIABLE.finditer(json.dumps(document))}


def validate(document: Document) -> None:
    """Against the Compose specification's own schema, which check-jsonschema carries as a file. Raises ValidationError."""
    carrier = distribution("check-jsonschema")
    schema_path = Path(str(carrier.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")))
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(document)  # its $schema spells draft-07 in a way that jsonschema does not know
