"""How tools sign their webhooks: an HMAC over the body as it was sent, and where its parts stand in the headers.

One table for all: Typeform's header, Standard Webhooks (which Formbricks speaks), and whatever a file describes. The time is looked at only
where it is signed: one that is not says nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=128)]
_PARTS: Final = re.compile(r"(\{body\}|\{timestamp\}|\{id\})")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURES_MAX: Final = 16
_SECRET_PREFIX: Final = "whsec_"
"""Of secrets of Standard Webhooks; what follows is base64."""


class Proof(Enum):
    """What a signature says."""

    GENUINE = "genuine"
    WRONG = "wrong"
    """None is there, or none is of a secret that is known."""
    STALE = "stale"
    """It is genuine, and of another time: maybe somebody sends a webhook of before again."""


class Signature(BaseModel):
    """How a tool signs. `signed` is what the HMAC is made of; the header may hold several signatures with blanks between them, of which
    those with the prefix count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: HeaderName
    algorithm: Literal["sha256", "sha384", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: str = "{body}"
    timestamp_header: HeaderName | None = None
    id_header: HeaderName | None = None
    secret: Literal["text", "hex", "base64"] = "text"

    @model_validator(mode="after")
    def _signs_the_body(self) -> Self:
        parts = _PARTS.findall(self.signed)
        if parts.count("{body}") != 1:
            raise ValueError(
                "signed has not the body once; write {body}, and {timestamp} or {id} where they are signed"
            )
        for part, header in (("{timestamp}", self.timestamp_header), ("{id}", self.id_header)):
            name = f"{part[1:-1]}_header"
            if part in parts and header is None:
                raise ValueError(f"signed has {part}, and nobody says where it stands; write {name}")
            if part not in parts and header is not None:
                raise ValueError(f"{name} is not signed, so it proves nothing; leave it out, or write {part} in signed")
        return self

    def key_of(self, secret: str) -> bytes:
        """The key that a secret is written for. Raises ValueError where it is none."""
        if self.secret == "text":
            return secret.encode()
        try:
            if self.secret == "hex":
                return bytes.fromhex(secret)
            return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except (ValueError, binascii.Error):
            raise ValueError(f"it is not {self.secret}") from None

    def made_by(self, key: bytes, headers: Mapping[str, str], body: bytes) -> str:
        """The signature of a body, without the prefix. Headers that are signed and missing are read as empty."""
        found: dict[str, Callable[[], bytes]] = {
            "{body}": lambda: body,
            "{timestamp}": lambda: _bytes(headers.get(self.timestamp_header or "", "")),
            "{id}": lambda: _bytes(headers.get(self.id_header or "", "")),
        }
        signing = hmac.new(key, digestmod=self.algorithm)
        for part in _PARTS.split(self.signed):
            signing.update(found[part]() if part in found else part.encode())
        digest = signing.digest()
        return digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()

    def proof_of(
        self, keys: Sequence[bytes], headers: Mapping[str, str], sent: bytes, now_s: float, tolerance_seconds: int
    ) -> Proof:
        """Whether the body, as it was sent, is signed by one of the keys, and within that time of now. Takes as long for a wrong signature
        as for a right one."""
        expected = [self.made_by(key, headers, sent).encode() for key in keys]
        presented = headers.get(self.header, "").split()[:_SIGNATURES_MAX]
        is_genuine = False
        for one in presented:
            if one.startswith(self.prefix):
                text = _bytes(one.removeprefix(self.prefix))
                for right in expected:
                    is_genuine |= hmac.compare_digest(text.lower() if self.encoding == "hex" else text, right)
        if not is_genuine:
            return Proof.WRONG
        if self.timestamp_header is None:
            return Proof.GENUINE
        time = headers.get(self.timestamp_header, "")
        is_now = _SECONDS.fullmatch(time) is not None and abs(now_s - int(time)) <= tolerance_seconds
        return Proof.GENUINE if is_now else Proof.STALE


def _bytes(header: str) -> bytes:
    """A header as it came: what was no UTF-8 stays what it was."""
    return header.encode("utf-8", "surrogateescape")


TYPEFORM: Final = Signature(header="Typeform-Signature", encoding="base64", prefix="sha256=")
STANDARD: Final = Signature(
    header="webhook-signature",
    encoding="base64",
    prefix="v1,",
    signed="{id}.{timestamp}.{body}",
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    secret="base64",
)
"""Standard Webhooks 1.0 with a symmetric key."""
