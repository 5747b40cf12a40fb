"""How a safety step is taken out: functions and methods in the place of others, for one schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

Removal = AbstractContextManager[Any]
BEYOND = 1 << 30
"""More inserts than there are."""


class Break(NamedTuple):
    """What is missing then, and how it is taken out.

    `focus`: the plans in which to look (plan.py, scenes.py).
    """

    missing: str
    remove: Callable[[], Removal]
    focus: str = ""


def instead(target: Any, name: str, new: Any) -> Callable[[], Removal]:
    """`new` in the place of what has this name."""
    return lambda: patch.object(target, name, new)


def around(target: Any, name: str, wrapper: Callable[..., Any]) -> Callable[[], Removal]:
    """`wrapper(original, *arguments)` in the place of a function or method.

    Nothing may be patched for the time of a call: the strand of that call may be stopped, and others would meet the patch.
    """
    original = getattr(target, name)

    def called(*arguments: Any, **options: Any) -> Any:
        return wrapper(original, *arguments, **options)

    return lambda: patch.object(target, name, called)


@contextmanager
def all_of(*removals: Removal) -> Iterator[None]:
    """Several at once."""
    with ExitStack() as stack:
        for one in removals:
            stack.enter_context(one)
        yield
