"""What tools make of an identifier on its way: floats, exponents, formulas, invisible characters, masks.

Where the number behind a form is certain, it is read; where it is lost or has two readings, the identifier is refused
with what to do at its origin. Two different numbers must never become one person.

Why: docs/decisions/0022.
"""

from __future__ import annotations

import html
import ipaddress
import re
import unicodedata
from typing import Final, NamedTuple


class _Visible(dict[int, int | None]):
    """A table for `str.translate` that fills itself: what cannot be seen goes."""

    def __missing__(self, code: int) -> int | None:
        self[code] = read = self._read(code)
        return read

    def _read(self, code: int) -> int | None:
        is_hidden = (
            unicodedata.category(chr(code)) == "Cf" or 0xFE00 <= code <= 0xFE0F
        )  # the latter choose one of several pictures
        return None if is_hidden else code


class _Readable(_Visible):
    """Digits of every script and full-width letters become those of ASCII, too."""

    def _read(self, code: int) -> int | None:
        digit = unicodedata.decimal(chr(code), -1)
        if digit >= 0:
            return ord("0") + digit
        return code - 0xFEE0 if 0xFF01 <= code <= 0xFF5E else super()._read(code)


VISIBLE: Final = _Visible()
"""Without zero-width characters, marks of direction, the soft hyphen and the byte order mark. Shared by all who read cells."""
_READABLE: Final = _Readable()

_WRAPPED: Final = re.compile(
    r"""=?"(.*)"|[bu]?'(.*)'|[\u2018\u201c](.*)[\u2019\u201d]|`(.*)`|\{([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}"""
)
_WRAPPER_ENDS: Final = frozenset("\"'\u2019\u201d`}")
_APOSTROPHE: Final = re.compile(
    r"['\u2019]([0-9A-Za-z]*[0-9][0-9A-Za-z-]*|\+?[0-9][-0-9 ()/.]*|[^\s'\u2019@]+@[^\s'\u2019@]+)"
)
"""With which a spreadsheet keeps a number, or a text that begins with +, as it was typed."""
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|nbsp|amp|quot|apos|lt|gt|shy|zwnj);")
_CONTROL: Final = re.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\u2028\u2029]")
_UNDECODED: Final = "\ufffd"
_WHOLE_FLOAT: Final = re.compile(r"([-\u2212]?)([0-9]+)[.,](0+)")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}(?:[.,]000|(?:,[0-9]{3})+)")
_SEVERAL: Final = re.compile(r"[0-9]{3,}(?:\s*[;|,]\s*[0-9]{3,})+")
_EXPONENT: Final = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+[eE][-+]?[0-9]+|[.,]?[eE]\+[0-9]+)")
_FORMULA_ERROR: Final = re.compile(
    r"#[\u00a1\u00bf]?[^\W\d_][^\W_]*(?:/0|[_ ][^\W\d_]+)*[!?]|#getting_data|err:[0-9]{3}|##+", re.IGNORECASE
)
"""In every language of a spreadsheet program: #REF!, #WERT!, #DIV/0!, #\u00a1VALOR!."""
_MASK_SIGNS: Final = re.compile(
    "[*\u2022\u25cf\u2217\u25cb\u25e6\u00d7\u2588\u2591-\u2593\u25a0\u25aa\u2219]{2}|#{2}|_{3}|\u2026|^\\.{2}|\\.{2}$|[0-9]\\.{2,}[0-9]|\\.{3}(?=@)"
)
"""Signs in the place of characters, and dots where the rest was cut off."""
_MASK_OF_X: Final = re.compile(r"[xX]{3,}(?:@.*)?|(?=.*[xX]{3})(?=.*[-0-9. ])[-xX0-9. ]+")
_EXACT_DIGITS: Final = 15


class FormFault(NamedTuple):
    """Why a text names nobody any more, and what to do where it comes from. `what` follows "identifier of type …"."""

    what: str
    hint: str


MASKED: Final = FormFault(
    "is masked", "export it unmasked (only its key leaves the sender), or name the mask under `nobody`"
)
_FORMAT_AS_TEXT: Final = "format the column as text and export it again"


def plain(text: str) -> str:
    """The text in Unicode NFC with digits of ASCII, without what cannot be seen and what tools put around it: blanks, `="0042"`, `"0042"`,
    `'0042`, `b'0042'`, `&nbsp;`."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_READABLE))
    if "&" in text and _ENTITY.search(text) is not None:
        return plain(_ENTITY.sub(lambda found: html.unescape(found[0]), text))
    text = text.strip()
    if "\0" in text:
        text = text.strip("\0 ")
    while text and (text[-1] in _WRAPPER_ENDS or text[0] in "'\u2019"):
        found = _WRAPPED.fullmatch(text) or _APOSTROPHE.fullmatch(text)
        if found is None:
            break
        text = found[found.lastindex or 0].strip()
    return text


def whole(text: str) -> str:
    """`4711.0`, which data frames make of the number 4711, as `4711`; any other text as it is."""
    found = _WHOLE_FLOAT.fullmatch(text)
    return text if found is None else found[1] + found[2]


def fault_of_number(text: str) -> FormFault | None:
    """Whether a number was lost in a spreadsheet or a data frame, can be read in two ways, or is several."""
    if _EXPONENT.fullmatch(text):
        return FormFault("was written with an exponent, its last digits are lost", _FORMAT_AS_TEXT)
    if _THOUSANDS.fullmatch(text):
        return FormFault("has two readings, a whole number or thousands", _FORMAT_AS_TEXT)
    if _SEVERAL.fullmatch(text):
        return FormFault("holds several numbers", "send each as its own identifier")
    found = _WHOLE_FLOAT.fullmatch(text)
    if found is not None and len(found[2]) > _EXACT_DIGITS:
        return FormFault("has more digits than a floating-point number keeps", _FORMAT_AS_TEXT)
    return None


def fault_of_text(text: str) -> FormFault | None:
    """Whether a formula, a mask, an IP address or what no reader could read stands where an identifier should."""
    first = text[:1]
    if first in ("#", "e", "E") and _FORMULA_ERROR.fullmatch(text):
        return FormFault("is the error of a formula", "mend the formula of the spreadsheet and export it again")
    if first == "=":
        return FormFault("is a formula", "export the values of the spreadsheet, not its formulas")
    if first == "[" and text[-1] == "]":
        return FormFault("is a list", "send each as its own identifier")
    if _MASK_SIGNS.search(text) is not None:
        return MASKED
    if ("x" in text or "X" in text) and _MASK_OF_X.fullmatch(text):
        return MASKED
    if _UNDECODED in text:
        return FormFault(
            "was read in another encoding than it was written in",
            "read the file as it was written, or save it as UTF-8",
        )
    if _CONTROL.search(text) is not None:
        return FormFault("holds a line break or another control character", "export it without")
    if (text.count(":") > 1 or text.count(".") >= 3) and _names_address(text):
        return FormFault("is an IP address", "leave it out: an address names a household or an office, not a person")
    return None


def _names_address(text: str) -> bool:
    """Whether all of the text is IP addresses, with the port or the length of a network that proxies add."""
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    return bool(parts) and all(map(_is_address, parts))


def _is_address(text: str) -> bool:
    bracketed = re.fullmatch(r"\[([^\[\]]+)\](?::[0-9]{1,5})?", text)
    if bracketed is not None:
        text = bracketed[1]
    elif (with_port := re.fullmatch(r"([0-9.]+):[0-9]{1,5}", text)) is not None:
        text = with_port[1]
    text = re.sub(r"/[0-9]{1,3}$", "", text)
    if re.fullmatch(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", text) is not None:  # some programs write 203.0.113.007
        return all(int(part) <= 255 for part in text.split("."))
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
