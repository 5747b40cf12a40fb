"""The simulation of workers, store and faults: what takes safety steps out of the worker fits its code."""

from __future__ import annotations

import inspect
import sys

import pytest

from tests.support.identity_world.breaks import BREAKS

_CODE = ("touchline.processors.", "touchline.identity.", "touchline.schemas.", "tests.support.identity_world.")


def _code() -> dict[tuple[str, str], int]:
    """By place what stands there: all names of the modules and of their classes."""
    found = {}
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(_CODE):
            for name, value in vars(module).items():
                found[module_name, name] = id(value)
                if inspect.isclass(value):
                    found |= {(f"{module_name}.{name}", one): id(of) for one, of in vars(value).items()}
    return found


@pytest.mark.parametrize("name", BREAKS)
def test_a_safety_step_can_be_taken_out_and_stands_again_afterwards(name: str) -> None:
    before = _code()
    with BREAKS[name].remove():
        assert _code() != before
    assert _code() == before
