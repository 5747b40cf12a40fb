"""Texts that stand for nobody: what senders, exports and people at a till write where no identifier is known.

An identifier that is one of them is left out; the event counts and belongs to nobody. The list holds what is certain.
A mapping and `sources.yaml` name their own markers (`nobody`).

Why: docs/decisions/0022.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from touchline.schemas.tool_forms import plain


def _as_marker(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a marker for nobody is text; write it in quotes, such as '9999'")
    return value


Marker = Annotated[str, BeforeValidator(_as_marker)]
"""A text that a mapping or sources.yaml declares to stand for nobody; capitals and surrounding blanks do not count."""

PLACEHOLDERS: Final = frozenset(
    {"", "undefined", "null", "none", "nil", "nan", "n/a", "na", "n.a.", "n.a", "unknown", "anonymous", "guest", "test"}
    | {"-", "--", "---", "?", "??", "???", ".", "...", "_", "false", "missing", "{}", "[]", "''", '""'}
    | {
        "\\n",
        "<null>",
        "[null]",
        "{null}",
        "(null)",
        "#null!",
        "<nil>",
        "<none>",
        "(none)",
        "<na>",
        "#n/a",
        "#na",
        "#nv",
    }
    | {"(empty)", "(blank)", "<unset>", "(not set)", "not set", "(unknown)", "(not provided)", "not provided"}
    | {"not available", "[object object]", "[object undefined]", "[object null]", "%!s(<nil>)"}
    | {"-1", "-9", "-99", "-999", "-9999", "-99999"}
    | {"ffffffff-ffff-ffff-ffff-ffffffffffff", "9774d56d682e549c", "02:00:00:00:00:00"}
)
"""Lower case. The last three: the largest UUID, and what old Android phones give for every device."""

_ZEROS: Final = re.compile(r"[-+]?0[0.,:\s-]*")
_NINES: Final = re.compile(r"9{8,}")
_TEMPLATE: Final = re.compile(r"\{\{.*\}\}|\$\{.*\}|%%.*%%|<%.*%>")
_NO_MAIL: Final = re.compile(
    r"(?:no|none|without)[-_.]?(?:e[-_]?)?mail(?:[-_.]?address)?|(?:no|do[-_.]?not)[-_.]?reply"
)
_NO_NAMES: Final = frozenset(
    {"no", "none", "null", "undefined", "nil", "nan", "na", "unknown", "test", "anonymous", "guest", "noone", "nobody"}
)
_NO_DOMAINS: Final = _NO_NAMES | {"mail", "email", "example", "domain", "noemail", "nomail", "no-email", "no-mail"}


def is_nobody(text: str) -> bool:
    """Whether a trimmed text stands for nobody, whatever the type of the identifier."""
    lower = text.lower()
    if lower in PLACEHOLDERS:
        return True
    first = lower[0]
    if first in "0+-":
        return _ZEROS.fullmatch(lower) is not None
    if first == "9":
        return _NINES.fullmatch(lower) is not None
    return first in "{$%<" and _TEMPLATE.fullmatch(lower) is not None


def is_nobodys_mail(address: str) -> bool:
    """Whether a lower-case mail address is one that is typed where none is known, such as none@none.com."""
    name, at, domain = address.partition("@")
    if not at:
        return False
    label = domain.partition(".")[0]
    return (
        _NO_MAIL.fullmatch(name) is not None
        or domain.endswith(".invalid")
        or (name in _NO_NAMES and label in _NO_DOMAINS)
        or (len(name) == 1 and domain == f"{name}.{name}")
    )


def texts_of(markers: tuple[str, ...]) -> frozenset[str]:
    """Declared markers as identifiers are compared with them."""
    return frozenset(plain(marker).lower() for marker in markers)
