"""What became of the rows of a file, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from touchline.producers.errors import EventRejected
from touchline.producers.imports.contested import Contested
from touchline.producers.imports.rows.row import RowFault
from touchline.producers.masked import MaskedCounts, in_json, masked_note
from touchline.schemas.reasons import Reason
from touchline.wording import counted, suppressed_note, waiting_note

VERDICTS_KEPT: Final = 1_000
_SMALLER: Final = "shorten the row, or raise max.message.bytes of the topic, and import the file again"
_RANK: Final = {reason: number for number, reason in enumerate(Reason)}


@dataclass(frozen=True)
class RowVerdict:
    """Why a row was refused; never what stands in it."""

    line: int
    reason: str
    field: str
    what: str
    hint: str

    def __str__(self) -> str:
        where = f"field {self.field}" if self.field else "the row"
        return f"line {self.line}: {where}: {self.reason} ({self.what}); {self.hint}"

    @classmethod
    def of_faults(cls, line: int, faults: Sequence[RowFault]) -> RowVerdict:
        """Of a row that the mapping could not read. Of several faults the one counts that counts in the quarantine."""
        fault = min(faults, key=lambda one: (_RANK[one.reason], one.field))
        return cls(line, fault.reason.value, fault.field, fault.what, fault.hint)

    @classmethod
    def of_rejection(cls, line: int, error: EventRejected) -> RowVerdict:
        """Of an event that the contract refuses."""
        _, _, shape = error.what.partition(" (it is: ")
        return cls(
            line, error.reason.value, error.field, shape.removesuffix(")") or "the contract refuses it", error.hint
        )

    @classmethod
    def of_size(cls, line: int) -> RowVerdict:
        """Of an event that is larger than the topic takes."""
        return cls(line, Reason.TOO_LARGE.value, "", "its event is larger than the topic takes", _SMALLER)


@dataclass
class RowVerdicts:
    """Of one file: rows accepted, suppressed, refused, and those that an earlier run dealt with before it was interrupted (skipped)."""

    rows: int = 0
    accepted: int = 0
    suppressed: int = 0
    """Sent, but the pipeline keeps nothing of them: their source works under consent, and they name no grant."""
    rejected: int = 0
    left_out: int = 0
    """Rows that are no events by `rows` of the mapping, such as those without an answer; they are not among `rows`."""
    skipped: int = 0
    skipped_rejected: int = 0
    """Of the rows that an earlier run has dealt with, those that it refused and reported."""
    quarantined: int = 0
    """Of the refused ones, those that this run sent to the quarantine; the others had been sent there before, or are too large."""
    contested: Contested = field(default_factory=Contested)
    """Ids whose contents contradict each other, also of the rows that an earlier run dealt with."""
    masked: MaskedCounts = field(default_factory=dict)
    """Personal values that were masked in rows that this run sent, by field and kind."""
    rejections: list[RowVerdict] = field(default_factory=list)
    """The first VERDICTS_KEPT."""

    def refuse(self, verdict: RowVerdict) -> None:
        """Counts a refused row."""
        self.rejected += 1
        if len(self.rejections) < VERDICTS_KEPT:
            self.rejections.append(verdict)

    def take_back(self, verdict: RowVerdict, *, was_suppressed: bool) -> None:
        """Counts a row as refused that had been counted as sent."""
        self.suppressed -= was_suppressed
        self.accepted -= not was_suppressed
        self.refuse(verdict)

    def sentence(self, file: Path | str, *, verb: str = "sent", waiting: int = 0) -> str:
        """For people."""
        if not self.rows and not self.skipped and not self.left_out:
            return f"{file}: no rows{waiting_note(waiting)}"
        refused_before = f", {self.skipped_rejected:,} of them refused" if self.skipped_rejected else ""
        done = "was" if self.skipped == 1 else "were"
        skipped = (
            f"; {counted(self.skipped, 'row')} {done} done by a run before{refused_before}" if self.skipped else ""
        )
        refused = f", refused {counted(self.rejected, 'row')}" if self.rejected else ""
        if self.quarantined:
            refused += f" ({self.quarantined:,} new in the quarantine)"
        if self.left_out:
            refused += f", left out {counted(self.left_out, 'row')}"
        notes = f"{waiting_note(waiting)}{suppressed_note(self.suppressed)}{masked_note(self.masked)}"
        return f"{file}: {verb} {counted(self.accepted, 'event')}{refused}{skipped}{notes}"

    def as_json(self, file: Path, **more: Any) -> str:
        """One object for scripts."""
        fields = asdict(replace(self, masked={}))
        del fields["masked"]
        return json.dumps({"file": str(file), **fields, **in_json(self.masked), **more})
