"""What tools make of an identifier on its way: floats, exponents, formulas, invisible characters, masks.

Where the number behind a form is certain, it is read; where it is lost or has two readings, the identifier is refused
with what to do at its origin. Two different numbers must never become one person.

Why: docs/decisions/0022.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final, NamedTuple

INVISIBLE: Final = dict.fromkeys(
    [0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
"""Zero-width characters, marks of direction, the soft hyphen and the byte order mark; a table for `str.translate`."""

_QUOTED: Final = re.compile(r'=?"([^"]*)"')
_APOSTROPHE: Final = re.compile(r"'([0-9]+)")
_WHOLE_FLOAT: Final = re.compile(r"([-\u2212]?)([0-9]+)[.,](0+)")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}[.,]000")
_EXPONENT: Final = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+[eE][-+]?[0-9]+|[.,]?[eE]\+[0-9]+)")
_FORMULA_ERROR: Final = re.compile(
    r"#(?:ref!|value!|name\?|div/0!|num!|spill!|calc!|field!|error!|blocked!|unknown!|connect!|busy!|getting_data)"
    r"|err:[0-9]{3}|##+",
    re.IGNORECASE,
)
_MASK_SIGNS: Final = ("\u2022\u2022", "\u25cf\u25cf", "\u2217\u2217")
_MASK_OF_X: Final = re.compile(r"[xX]{4,}(?:@.*)?|(?=.*[xX]{3})(?=.*[-0-9. ])[-xX0-9. ]+")
_EXACT_DIGITS: Final = 15


class FormFault(NamedTuple):
    """Why a text names nobody any more, and what to do where it comes from. `what` follows "identifier of type …"."""

    what: str
    hint: str


_MASKED: Final = FormFault(
    "is masked", "export it unmasked (only its key leaves the sender), or name the mask under `nobody`"
)
_FORMAT_AS_TEXT: Final = "format the column as text and export it again"


def plain(text: str) -> str:
    """The text in Unicode NFC, without what cannot be seen and what tools put around it: blanks, `="0042"`, `"0042"`, `'0042`."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(INVISIBLE))
    text = text.strip()
    while (found := _QUOTED.fullmatch(text) or _APOSTROPHE.fullmatch(text)) is not None:
        text = found[1].strip()
    return text


def whole(text: str) -> str:
    """`4711.0`, which data frames make of the number 4711, as `4711`; any other text as it is."""
    found = _WHOLE_FLOAT.fullmatch(text)
    return text if found is None else found[1] + found[2]


def fault_of_number(text: str) -> FormFault | None:
    """Whether a number was lost in a spreadsheet or a data frame, or can be read in two ways."""
    if _EXPONENT.fullmatch(text):
        return FormFault("was written with an exponent, its last digits are lost", _FORMAT_AS_TEXT)
    found = _WHOLE_FLOAT.fullmatch(text)
    if found is None:
        return None
    if _THOUSANDS.fullmatch(text):
        return FormFault("has two readings, a whole number or thousands", _FORMAT_AS_TEXT)
    if len(found[2]) > _EXACT_DIGITS:
        return FormFault("has more digits than a floating-point number keeps", _FORMAT_AS_TEXT)
    return None


def fault_of_text(text: str) -> FormFault | None:
    """Whether a formula, a mask or an IP address stands where an identifier should."""
    first = text[:1]
    if first in ("#", "e", "E") and _FORMULA_ERROR.fullmatch(text):
        return FormFault("is the error of a formula", "mend the formula of the spreadsheet and export it again")
    if "**" in text or (not text.isascii() and any(sign in text for sign in _MASK_SIGNS)):
        return _MASKED
    if ("x" in text or "X" in text) and _MASK_OF_X.fullmatch(text):
        return _MASKED
    if (text.count(":") > 1 or text.count(".") == 3) and _is_address(text):
        return FormFault("is an IP address", "leave it out: an address names a household or an office, not a person")
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
