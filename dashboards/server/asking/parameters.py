"""The parameters of one URL: each is read once, and what nobody read is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from touchline.dashboards.server.arguments import wrong_argument
from touchline.service.problem import RequestRefused

OF_THE_PAGE = frozenset(("lang", "view", "compare"))
"""State of the page that stands in the same address; it selects nothing."""


class Parameters:
    """Name -> values in order. `require_all_read` refuses what no reader asked for: a misspelt filter must not select everything."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)
        self._known = set(OF_THE_PAGE)

    def one(self, name: str) -> str | None:
        """The only value; None where the parameter is absent. Raises RequestRefused when there are several."""
        values = self.several(name)
        if len(values) > 1:
            raise RequestRefused(400, f"the parameter {name} stands {len(values)} times", "give it once", field=name)
        return values[0] if values else None

    def required(self, name: str, expected: str) -> str:
        """The only value. Raises RequestRefused when there is none."""
        value = self.one(name)
        if value is None:
            raise RequestRefused(400, f"the parameter {name} is missing", f"give {expected}", field=name)
        return value

    def several(self, name: str) -> list[str]:
        """All its values."""
        self._known.add(name)
        return self._values.get(name, [])

    def names(self) -> list[str]:
        """Those that stand in the URL."""
        return list(self._values)

    def choice(self, name: str, allowed: Iterable[str], default: str) -> str:
        """The only value, one of a closed set."""
        value = self.one(name)
        if value is None:
            return default
        allowed = list(allowed)
        if value not in allowed:
            raise wrong_argument(name, value, f"one of {', '.join(allowed)}")
        return value

    def require_all_read(self) -> None:
        """Raises RequestRefused when a parameter was not asked for."""
        for name in self._values:
            if name not in self._known:
                close = get_close_matches(name, self._known, n=1)
                known = ", ".join(sorted(self._known - OF_THE_PAGE))
                # A known name may be shown, what the client wrote not: someone may paste a person's name there.
                hint = f"did you mean {close[0]}?" if close else f"known here: {known}"
                raise RequestRefused(400, "a parameter is not known here", hint, field=_shown(name))


def _shown(name: str) -> str:
    """A name as a program would write one; anything else is not repeated."""
    return name if name.isidentifier() and name.isascii() and len(name) <= 40 else ""
