"""Mail addresses in a text: `jane@example.org`, in a link, as `jane%40example.org`, `jane (at) example.org` or with a foreign at sign."""

from __future__ import annotations

import re
from typing import Final

_NAME_SIGNS: Final = r"\w.!#$%&'*+/=?^`{|}~-"
_AT: Final = re.compile(r"@|\uff20|\ufe6b|%40|[ ]?[(\[{][ ]?(?:at|AT|\u00e4t)[ ]?[)\]}][ ]?")
_DOMAIN: Final = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?P<end>[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})(?![^\W_])|\[[0-9A-Fa-f.:]{7,45}\]",
    re.IGNORECASE,
)
_NAME_END: Final = re.compile(rf"(?:\"[^\"]{{1,64}}\"|[{_NAME_SIGNS}]+)\Z")
_NAME_LENGTH: Final = 64
"""RFC 5321; a longer run of signs before the @ is part of it all the same."""
_FILES: Final = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "css", "js", "mjs", "json", "html", "pdf")
)
"""`logo@2x.png` is a picture for fine screens."""


def spans(text: str) -> list[tuple[int, int]]:
    """Where mail addresses stand, in order. Takes time in proportion to the length of the text."""
    found: list[tuple[int, int]] = []
    last = 0
    for at in _AT.finditer(text):
        if at.start() < last:
            continue
        domain = _DOMAIN.match(text, at.end())
        if domain is None or (domain["end"] or "").lower() in _FILES:
            continue
        name = _NAME_END.search(text, max(last, at.start() - _NAME_LENGTH), at.start())
        if name is None:
            continue
        begin = _begin(text, name.start(), last, at.start())
        if begin < at.start():
            found.append((begin, domain.end()))
            last = domain.end()
    return found


def _begin(text: str, begin: int, last: int, end: int) -> int:
    """Where the name begins, whatever its length: nothing of it stays. A mark that only parts words does not belong to it."""
    while begin > last and (text[begin - 1].isalnum() or text[begin - 1] in "._+-"):
        begin -= 1
    for sign in "=&?/|{}":  # of a link or a list the last part
        begin = max(begin, text.rfind(sign, begin, end) + 1)
    while text[begin] in "'`*~!#^":
        begin += 1
    return begin
