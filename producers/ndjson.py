"""Lines of NDJSON to events, with a verdict for each line that is refused."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace

from pydantic_core import from_json

from touchline.errors import WrongUsage
from touchline.producers.errors import EventRejected
from touchline.producers.masked import MaskedCounts, in_json, masked_note, masked_since
from touchline.producers.producer import EventProducer
from touchline.producers.undeclared import UndeclaredSources
from touchline.schemas.decoding import why_no_json
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.wording import counted, suppressed_note, waiting_note

VERDICTS_KEPT = 1_000
_LINES_BETWEEN_STEPS = 500


@dataclass(frozen=True)
class LineVerdict:
    """Why one line (numbered from 1) was refused; never its content."""

    line: int
    reason: str
    field: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}; {self.hint}"


@dataclass
class LineVerdicts:
    """Lines accepted, suppressed and refused; of the refused ones the first VERDICTS_KEPT in detail."""

    accepted: int = 0
    suppressed: int = 0
    """Sent, but the pipeline keeps nothing of them: their source works under consent, and they name no grant."""
    rejected: int = 0
    masked: MaskedCounts = field(default_factory=dict)
    """Personal values that were masked, by field and kind."""
    waiting: int = 0
    """Of the taken ones, in the outbox and not yet in Kafka."""
    rejections: list[LineVerdict] = field(default_factory=list)

    def as_json(self) -> str:
        """One object for scripts."""
        fields = asdict(replace(self, masked={}))
        del fields["masked"]
        return json.dumps(fields | in_json(self.masked))

    def sentence(self) -> str:
        """For people."""
        refused = f", refused {counted(self.rejected, 'line')}" if self.rejected else ""
        suppressed = suppressed_note(self.suppressed)
        return f"sent {counted(self.accepted, 'event')}{refused}{waiting_note(self.waiting)}{suppressed}{masked_note(self.masked)}"


def emit_lines(
    lines: Iterable[bytes], producer: EventProducer, advance: Callable[[int], None], say: Callable[[str], None]
) -> LineVerdicts:
    """Emits every line; blank ones are skipped. `say` gets the verdict on a bad line at once, and at the end a sentence for each source
    that is not declared; `advance` the bytes read."""
    verdicts = LineVerdicts()
    undeclared = UndeclaredSources()
    number = 0

    def refuse(error: EventRejected) -> None:
        verdict = LineVerdict(number, error.reason.value, error.field, error.what, error.hint)
        verdicts.rejected += 1
        if len(verdicts.rejections) < VERDICTS_KEPT:
            verdicts.rejections.append(verdict)
        if not undeclared.note(error):
            say(str(verdict))

    def parsed() -> Iterator[dict[str, object]]:
        nonlocal number
        read_bytes, is_first = 0, True
        for number, line in enumerate(lines, 1):  # told to `refuse`
            read_bytes += len(line)
            line = line.removeprefix(BOM_UTF8)  # as Windows programs begin a file; of joined files each may have one
            if number % _LINES_BETWEEN_STEPS == 0:
                advance(read_bytes)
                read_bytes = 0
            text = line.strip()
            if not text:
                continue
            if is_first and text.startswith(b"[") and not _is_json(text):
                raise WrongUsage(
                    "the input is a JSON array, and not one event a line",
                    "write its members as lines (jq -c '.[]'), or post it to the collector; nothing was sent",
                )
            is_first = False
            try:
                yield _parse(line)
            except EventRejected as error:
                refuse(error)
        advance(read_bytes)

    masked_before = producer.masked

    def suppress(_: int) -> None:
        verdicts.suppressed += 1

    try:
        taken = producer.emit_many(parsed(), on_rejected=lambda _, error: refuse(error), on_suppressed=suppress)
    finally:
        for sentence in undeclared.sentences("line"):
            say(sentence)
    verdicts.accepted = taken - verdicts.suppressed
    verdicts.masked = masked_since(masked_before, producer.masked)
    return verdicts


def _is_json(text: bytes) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _parse(line: bytes) -> dict[str, object]:
    try:
        event = from_json(line, allow_inf_nan=False)
    except ValueError:
        raise EventRejected(Rejection(why_no_json(line), "")) from None
    if not isinstance(event, dict):
        raise EventRejected(Rejection(Reason.NOT_JSON, ""))
    return event
