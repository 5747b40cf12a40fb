"""From a cell to the revision of an event: a number as it stands, a time as the seconds since 1970.

Of one (source, id) the highest revision counts, so of two states of a row the one that was changed last does, whichever file came first.
Seconds are what the contract's bound has room for, until 2106; of two states of one second neither is the later one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.cells import CellUnreadable, moment_of, require_readable, text_of
from touchline.producers.imports.mapping.model import FieldColumn, Mapping
from touchline.producers.imports.mapping.time_format import ISO, UNIX, UNIX_MS
from touchline.schemas.rejections import shape_of

_WHOLE: Final = re.compile(r"\+?[0-9]{1,19}")
REVISION_MAX: Final = 2**32 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HINT: Final = (
    "write a whole number below 2^32 or an ISO time, or say how times are written: `revision: {column: …, format: …}`"
)


def is_revised(mapping: Mapping) -> bool:
    """Whether each row says which revision of its id it is."""
    cell = mapping.fields.get("revision")
    return mapping.revision is not None or (cell is not None and cell.column is not None)


def with_revision(mapping: Mapping, revision: int) -> Mapping:
    """The mapping for a whole file that is of one revision. Raises WrongUsage where it says itself what the revision is."""
    if mapping.revision is not None or "revision" in mapping.fields:
        raise WrongUsage(
            f"the mapping {mapping.mapping} says itself which revision a row is",
            "leave --revision out, or `revision` out of the mapping",
        )
    constant = FieldColumn(constant=revision)
    return mapping.model_copy(update={"fields": {**mapping.fields, "revision": constant}})


def revision_of(value: Any, form: str | None, form_of_time: str, zone: ZoneInfo | None) -> int:
    """The revision in a cell: a time of `form`; where that is None a whole number, an ISO time, or one as the mapping's time is written.
    Times without offset are of `zone` (None: UTC). Raises CellUnreadable."""
    require_readable(value)
    if form is None and not isinstance(value, datetime) and _WHOLE.fullmatch(text := text_of(value)):
        number = int(text)
        if form_of_time != UNIX_MS or number <= REVISION_MAX:
            return _bounded(number, value)
        form = UNIX_MS  # beyond all revisions, so a time as the mapping's others
    forms = (form,) if form is not None else (ISO,) if form_of_time in (ISO, UNIX, UNIX_MS) else (ISO, form_of_time)
    moment = _first_of(value, forms)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or UTC)
    return _bounded((moment - _EPOCH).days * 86_400 + (moment - _EPOCH).seconds, value)


def _first_of(value: Any, forms: tuple[str, ...]) -> datetime:
    for form in forms:
        try:
            return moment_of([value], form)
        except CellUnreadable:
            continue
    raise CellUnreadable(f"{shape_of(value)} is no revision", _HINT)


def _bounded(revision: int, value: Any) -> int:
    if 0 <= revision <= REVISION_MAX:
        return revision
    raise CellUnreadable(f"{shape_of(value)} is beyond the revisions that there are", _HINT)
