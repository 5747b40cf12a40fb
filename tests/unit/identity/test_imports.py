"""The package is pure: it imports only itself and what has no effects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import touchline.identity

WITHOUT_EFFECTS = {"__future__", "bisect", "collections", "collections.abc", "enum", "typing"}
MODULES = sorted(Path(touchline.identity.__path__[0]).glob("**/*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module_imports_only_the_package_and_what_has_no_effects(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module or "")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("open", "print", "input", "__import__", "exec", "eval")
    assert {name for name in imported if not name.startswith("touchline.identity.")} <= WITHOUT_EFFECTS
