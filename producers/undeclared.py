"""Events of sources that are not declared: one sentence a source with a count, instead of one line an event."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final

from touchline.producers.errors import EventRejected, SourceUndeclared
from touchline.schemas.sources import SOURCE_ID_PATTERN
from touchline.wording import counted

SOURCES_NAMED: Final = 5
_is_source_id: Final = re.compile(SOURCE_ID_PATTERN).fullmatch
_ODD: Final = ""


class UndeclaredSources:
    """Counts them; what has not the form of a source id is counted without its text, which may hold anything."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._declared: Collection[str] = ()

    def note(self, error: EventRejected) -> bool:
        """Count an event if that is why it was refused; whether it is."""
        if not isinstance(error, SourceUndeclared):
            return False
        self._counts[error.source if _is_source_id(error.source) else _ODD] += 1
        self._declared = error.declared
        return True

    def sentences(self, noun: str) -> Iterator[str]:
        """The most frequent ones first; `noun` is what names a source: `line`, `row`."""
        for source, count in self._counts.most_common(SOURCES_NAMED):
            name = f"the source {source}" if source else "a source in another form than source ids have"
            verb = "names" if count == 1 else "name"
            yield f"{counted(count, noun)} {verb} {name}, which is not declared: {self._hint(source)}"
        rest = self._counts.most_common()[SOURCES_NAMED:]
        if rest:
            counts = counted(sum(count for _, count in rest), noun)
            yield f"{counts} more of {counted(len(rest), 'other source')} that are not declared either"

    def _hint(self, source: str) -> str:
        close = get_close_matches(source, self._declared, n=1)
        meant = f"did you mean {close[0]}? Else " if close else ""
        return f"{meant}declare it in sources.yaml with its legal basis, or correct the name"
