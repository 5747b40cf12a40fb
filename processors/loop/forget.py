"""Persons whose erasure is done, or of whom retention left nothing, leave the worker's own state, too: its files, free pages included, and
its memory.

A key may go when nothing that the ledger keeps names it: a state that is made anew from the ledger would not have it either. Whoever came
back meanwhile is named by new rows, and stays.

Why: docs/decisions/0191, 0193.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

import lmdb

from touchline.log import log_event
from touchline.processors.ledger.ledger import Ledger
from touchline.processors.state.erasures import Erasures
from touchline.processors.state.partition import Partition
from touchline.processors.state.slot import claim_others
from touchline.processors.state.tails import StateLost, Tails
from touchline.schemas.retention import DAY_US, Term, cutoffs_on

LOOKED_AT_ONCE: Final = 1_000
"""Persons of the state in one tick: a look at the file, and one question to the ledger about those whose last event is past a term."""


def forget_erased(partition: Partition, erasures: Erasures) -> None:
    """Once for each time that requests have been done since; it takes some seconds where there are millions of persons. The partition must
    be up to its mark. Raises LedgerUnavailable, StateLost."""
    if partition.tails.has_forgotten(erasures.done_count):
        return
    try:
        taken = partition.tails.forget(_gone(erasures, partition.ledger), erasures.done_count)
    except (OSError, lmdb.Error) as error:
        _stays(error)
        return
    partition.forget()
    log_event(logging.INFO, "erased_state_forgotten", partition=partition.number, persons=taken)


def forget_outlived(partition: Partition, terms: Sequence[Term], now_ms: int) -> None:
    """One step of the pass of this day through the persons of the state, where any source ends its events: those whose last event is past
    a term are asked for, and when all were, those whom the ledger does not name any more are taken out. They are named until what has
    ended is blanked (`touchline retention --blank`), so the first pass after that takes them. Raises LedgerUnavailable, StateLost."""
    if not terms:
        return
    after = partition.outlived.place_on(now_ms * 1_000 // DAY_US)
    if after is None:
        return
    before_us = max(one.before_us for one in cutoffs_on(terms, now_ms))
    keys, reached = partition.tails.not_later(before_us, after, LOOKED_AT_ONCE)
    gone = _unnamed(set(keys), partition.ledger)
    if not partition.outlived.looked(reached, gone):
        return
    waiting = partition.outlived.taken()
    try:  # asked again: somebody may have come back since
        taken = partition.tails.forget(lambda some: _unnamed(waiting.intersection(some), partition.ledger))
    except (OSError, lmdb.Error) as error:
        _stays(error)
        return
    partition.forget()
    log_event(logging.INFO, "outlived_state_forgotten", partition=partition.number, persons=taken)


def _unnamed(keys: set[str], ledger: Ledger) -> set[str]:
    return keys - ledger.still_named(keys) if keys else set()


class LeftBehind:
    """Files of partitions that this worker had once, and of workers on this machine that run no more: nobody would come to clean them. One
    of them at a time."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._done_count = 0
        self._waiting: list[Path] = []

    def clean_next(self, owned: Collection[str], erasures: Erasures, ledger: Ledger) -> None:
        """One file that waits for it, if any. `owned` are the folders of the worker's own partitions, which see to themselves. Raises
        LedgerUnavailable."""
        if erasures.done_count != self._done_count:
            self._done_count = erasures.done_count
            self._waiting = _folders(self._state_dir)
        if not self._waiting:
            return
        folder = self._waiting.pop()
        if folder.parent == self._state_dir:
            if folder.name not in owned:
                _clean(folder, erasures, ledger)
            return
        for slot in claim_others(self._state_dir):
            try:
                if folder.parent == slot.path:
                    _clean(folder, erasures, ledger)
            finally:
                slot.release()


def _folders(state_dir: Path) -> list[Path]:
    found = [one.parent for one in state_dir.glob("*/data.mdb")]
    if state_dir.parent.is_dir():
        for slot in claim_others(state_dir):
            found += [one.parent for one in slot.path.glob("*/data.mdb")]
            slot.release()
    return found


def _clean(folder: Path, erasures: Erasures, ledger: Ledger) -> None:
    try:
        tails = Tails(folder)
        try:
            if not tails.has_forgotten(erasures.done_count):
                tails.forget(_gone(erasures, ledger), erasures.done_count)
        finally:
            tails.close()
    except (OSError, lmdb.Error, StateLost) as error:
        _stays(error)


def _gone(erasures: Erasures, ledger: Ledger) -> Callable[[Sequence[str]], set[str]]:
    def gone(keys: Sequence[str]) -> set[str]:
        return _unnamed({key for key in keys if erasures.names(key)}, ledger)

    return gone


def _stays(error: Exception) -> None:
    log_event(logging.WARNING, "erased_state_stays", error=type(error).__name__)
