"""Texts that stand for nobody: what senders, exports and people at a till write where no identifier is known.

An identifier that is one of them is left out; the event counts and belongs to nobody. The list holds what is certain.
A mapping and `sources.yaml` name their own markers (`nobody`).

Why: docs/decisions/0022.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator


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
    | {
        "not available",
        "empty",
        "blank",
        "unset",
        "redacted",
        "anonymized",
        "anonymised",
        "deleted",
        "k.a.",
        "k. a.",
        "%!s(<nil>)",
    }
    | {
        "unbekannt",
        "anonym",
        "anonyme",
        "anonimo",
        "inconnu",
        "inconnue",
        "sconosciuto",
        "desconocido",
        "keine",
        "aucun",
        "nessuno",
    }
    | {
        "true",
        "inf",
        "-inf",
        "+inf",
        "infinity",
        "-infinity",
        "-nan",
        "1.#qnan",
        "1.#snan",
        "1.#ind",
        "-1.#ind",
        "1.#inf",
        "-1.#inf",
    }
    | {"#n/d", "#n/d!", "#n/b", "#i/t", "#saknas!", "#puuttuu!", "#yok", "#\u043d/\u0434", "#hi\u00e1nyzik", "#n/a n/a"}
    | {"\\\\n", "dbnull", "system.dbnull", "\u2014", "\u2013", "\u2026", "#", "*", "/", "//", "___"}
    | {"-1", "-9", "-99", "-999", "-9999", "-99999"}
    | {"ffffffff-ffff-ffff-ffff-ffffffffffff", "9774d56d682e549c", "02:00:00:00:00:00"}
)
"""Lower case. The last three: the largest UUID, and what old Android phones give for every device."""

_NOT_A_TIME: Final = "NaT"
"""Of a data frame; in another case it may be a name."""
_BRACKETED: Final = re.compile(r"[\[({<]+[^\W\d][^\d@\"']*[\])}>]+")
"""A word in brackets is a remark or a gap of a template: (leer), <unknown>, [REDACTED], {user_id}, [object HTMLInputElement]."""

_ZEROS: Final = re.compile(r"[-+]?0[0.,:\s-]*")
_NINES: Final = re.compile(r"9{8,}")
_TEMPLATE: Final = re.compile(r"\{\{.*\}\}|[$#]\{.*\}|%%.*%%|%[a-z_.]+%|<%.*%>|\*\|.*\|\*|__[a-z_]+__")
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
    if lower in PLACEHOLDERS or text == _NOT_A_TIME:
        return True
    first = lower[0]
    if first in "0+-":
        return _ZEROS.fullmatch(lower) is not None
    if first == "9":
        return _NINES.fullmatch(lower) is not None
    if first.isalnum():
        return False
    return _TEMPLATE.fullmatch(lower) is not None or _BRACKETED.fullmatch(lower) is not None


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
