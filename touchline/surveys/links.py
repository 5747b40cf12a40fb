"""Signed links to a question: who has one may answer once, and can make none.

    Link -> kind (1 byte), end (4 bytes), reference -> + HMAC-SHA256 (16 bytes) -> base64url

A link names an ask by its id, or a place by its name: no person, no person key, no receipt. What it says is readable by anybody, so no
personal value may stand in it.

Why: docs/decisions/0208.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from touchline.errors import WrongUsage
from touchline.schemas.times import US_PER_SECOND

Kind = Literal["ask", "place", "receipt"]
KINDS: Final[tuple[Kind, ...]] = ("ask", "place", "receipt")
"""ask: of a person that was chosen to be asked. receipt: an ask about an event, of whoever holds it. place: anybody there, each scan is
an ask of its own."""
_NUMBERS: Final[dict[int, Kind]] = {1: "ask", 2: "place", 3: "receipt"}
_SEAL_BYTES: Final = 16
_ID_BYTES: Final = 16
_HEAD_BYTES: Final = 5
_END: Final = 1 << 32
_CHARACTERS_MAX: Final = 1024
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{28,1024}")
_LANGUAGE: Final = re.compile(r"([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?")
_ASK_ID: Final = re.compile(r"[0-9a-f]{32}")
_BETWEEN: Final = "\x00"
_NAME_MAX: Final = 128


class LinkProblem(StrEnum):
    """Why a link is refused."""

    MALFORMED = "malformed"
    FORGED = "forged"
    EXPIRED = "expired"
    OTHER_KIND = "other_kind"


class LinkRefused(NamedTuple):
    """A link that is none, or none here, or none any more."""

    problem: LinkProblem


class Link(NamedTuple):
    """What a link says. `expires_s` is in seconds since 1970. `language` "" is that of the reader. An ask or a receipt has `ask_id`, a
    place its name, the touchpoint that its answers are about, and the question."""

    kind: Kind
    expires_s: int
    language: str = ""
    ask_id: str = ""
    place: str = ""
    touchpoint: str = ""
    question: str = ""


def sign(secret: bytes, link: Link) -> str:
    """The link as it stands in an address. Raises WrongUsage where it says something that no link may."""
    _check(link)
    body = _head(link) + _reference(link)
    return base64.urlsafe_b64encode(body + _seal(secret, body)).rstrip(b"=").decode()


def read(secret: bytes, text: str, now_s: float, kinds: Collection[Kind] = KINDS) -> Link | LinkRefused:
    """What a link says, or why it is refused. Nothing of it is looked at before its seal is known to be ours."""
    raw = _decoded(text)
    if raw is None:
        return LinkRefused(LinkProblem.MALFORMED)
    body, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(secret, body)):
        return LinkRefused(LinkProblem.FORGED)
    link = _parsed(body)
    if link is None:  # sealed by us, by a release that knows other kinds
        return LinkRefused(LinkProblem.MALFORMED)
    if link.kind not in kinds:
        return LinkRefused(LinkProblem.OTHER_KIND)
    return link if now_s < link.expires_s else LinkRefused(LinkProblem.EXPIRED)


def ask_url(base: str, secret: bytes, ask_id: str, expires_us: int, language: str = "") -> str:
    """Where an ask is answered, until `expires_us` (microseconds since 1970); without a language in that of the reader."""
    return question_url(base, sign(secret, Link("ask", -(-expires_us // US_PER_SECOND), language, ask_id)))


def question_url(base: str, text: str) -> str:
    """Where the question of a link is. `base` is the address of the surveys, setting surveys_url."""
    return f"{base}/q/{text}"


def kiosk_url(base: str, text: str) -> str:
    """The same for a screen that customers share."""
    return f"{base}/k/{text}"


def derived_id(secret: bytes, *parts: str) -> str:
    """128 bits as hex, the same for the same parts, which nobody can tell without the secret."""
    said = json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.new(_key(secret), said, hashlib.sha256).digest()[:_ID_BYTES].hex()


def _key(secret: bytes) -> bytes:
    """Ids of asks are made with the secret itself: what seals links must not be able to make them."""
    return hmac.new(secret, b"touchline survey links 1", hashlib.sha256).digest()


def _seal(secret: bytes, body: bytes) -> bytes:
    return hmac.new(_key(secret), b"link:" + body, hashlib.sha256).digest()[:_SEAL_BYTES]


def _head(link: Link) -> bytes:
    number = next(number for number, kind in _NUMBERS.items() if kind == link.kind)
    return bytes((number,)) + link.expires_s.to_bytes(4, "big")


def _reference(link: Link) -> bytes:
    if link.kind == "place":
        return _BETWEEN.join((link.language, link.question, link.place, link.touchpoint)).encode()
    return bytes.fromhex(link.ask_id) + link.language.encode()


def _decoded(text: str) -> bytes | None:
    """Bytes of a text that has one form only: the same link is never two addresses."""
    if len(text) > _CHARACTERS_MAX or not _TEXT.fullmatch(text):
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text else None


def _parsed(body: bytes) -> Link | None:
    kind = _NUMBERS.get(body[0]) if len(body) > _HEAD_BYTES else None
    if kind is None:
        return None
    expires_s, reference = int.from_bytes(body[1:_HEAD_BYTES], "big"), body[_HEAD_BYTES:]
    if kind != "place":
        ask_id, language = reference[:_ID_BYTES].hex(), reference[_ID_BYTES:].decode("ascii", "replace")
        return Link(kind, expires_s, language, ask_id)
    language, question, place, touchpoint = reference.decode("utf-8", "replace").split(_BETWEEN)
    return Link(kind, expires_s, language, place=place, touchpoint=touchpoint, question=question)


def _check(link: Link) -> None:
    if not 0 < link.expires_s < _END:
        raise WrongUsage("the end of the link is no time", "give seconds since 1970")
    if not _LANGUAGE.fullmatch(link.language):
        raise WrongUsage("the language of the link is no BCP 47 tag", "write de, or leave it out")
    if link.kind != "place":
        if not _ASK_ID.fullmatch(link.ask_id):
            raise WrongUsage("the link names no ask", "give an ask id: 32 hex digits")
        return
    for name in ("place", "touchpoint", "question"):
        value = getattr(link, name)
        if not value or len(value) > _NAME_MAX or not value.isprintable() or "@" in value:
            raise WrongUsage(
                f"the {name} of the link is no name",
                f"give 1 to {_NAME_MAX} printable characters, and no mail address: everybody can read the link",
            )
