"""What a forked child must not share with its parent.

A file lock belongs to the open file, which parent and child would share: a child that lives on would keep the lock of a
parent that was killed. So in the child every owner of such files closes them at once, and opens its own when next used.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """Holds files or threads that a fork copies."""

    def forget_parent(self) -> None:
        """Called in the child, before anything else runs there: close files, drop locks; no I/O."""


_owners: WeakSet[ForkAware] = WeakSet()


def watch(owner: ForkAware) -> None:
    """Tell `owner` when it finds itself in a forked child, as long as it lives."""
    _owners.add(owner)


def _after_fork_in_child() -> None:
    for owner in list(_owners):
        owner.forget_parent()


os.register_at_fork(after_in_child=_after_fork_in_child)
