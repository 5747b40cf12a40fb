"""Identifiers of persons, and the keys that stand for them on Kafka.

A sender knows `{type, value}` pairs: a mail address, a loyalty card, a cookie. It normalises the value by its type and
makes the person key `<key id>:<hex of HMAC-SHA256(secret, type 0x00 value)>` (RFC 2104, FIPS 180-4; text as UTF-8).
Only keys leave the sender; raw identifiers never reach Kafka. Senders in other languages check themselves against
`schemas/examples/vectors/person_keys.json`.

Why: docs/decisions/0022.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field

from touchline.errors import WrongUsage
from touchline.schemas.key_file import read_key_file
from touchline.schemas.nobody import is_nobody, is_nobodys_mail
from touchline.schemas.phones import e164_of, is_no_line
from touchline.schemas.tool_forms import MASKED, FormFault, fault_of_number, fault_of_text, plain, whole

IDENTIFIER_TYPES: Final = ("login", "mail", "phone", "loyalty", "household", "device", "anonymous")
"""Declared order, strongest first: the first identifier of an event keys its Kafka record. Further types are allowed;
they come after these, in alphabetical order, and their values keep their case."""

DEVICE_TYPES: Final = frozenset(("device", "anonymous"))
"""Name a device, which several persons may use one after the other."""
MERGE_NOBODY: Final = frozenset(("household",))
"""Say who lives together, not who is one person."""

_ORDER: Final = {name: number for number, name in enumerate(IDENTIFIER_TYPES)}
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
PERSON_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,32}:[0-9a-f]{64}")
_SECRET_BYTES: Final = 32
_LONG_NAME: Final = 6
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORDS_BEHIND: Final = re.compile(r"_?(?:id|ids|number|no|nr|address|addr|card|key)$")
_ALSO_CALLED: Final = {
    "telephone": "phone",
    "tel": "phone",
    "telefon": "phone",
    "mobile": "phone",
    "cellphone": "phone",
    "mobilephone": "phone",
}
_CASES: Final = {"loyalty": str.upper, "device": str.lower}
_PHONE_BLANKS: Final = str.maketrans("", "", " \t-./()\u00a0\u2009\u202f\u2010\u2011\u2013")
_CARD_NOISE: Final = str.maketrans("", "", " \t-\u00a0\u2009\u202f\u2010\u2011\u2013")
_SIMPLE: Final = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
_USUAL_MAIL: Final = re.compile(r"[a-z0-9+-]+(?:[._][a-z0-9+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SIGNED: Final = re.compile(r"[-\u2212\u2013]+[^\W_].*|.*[^\W_][-\u2212\u2013]+")
_CARD_DOT: Final = re.compile(r"\.(?![0-9])|(?<![0-9])\.")
"""A dot beside a letter parts groups; between two digits it may be a decimal point and stays."""
_NAMED_MAIL: Final = re.compile(r"[^<>]*<\s*([^<>]*)>")
_MAIL_SCHEMES: Final = ("mailto:", "smtp:")
"""Of links, and of the exports of a directory."""
_ADDRESS: Final = re.compile(r"""(?:"[^"]+"|[^\s@<>(),;:|"\[\]]+)@(?:\[[0-9a-f.:]+\]|[^\s@<>(),;:|"\[\]/&%]+)""")
_HASHED_MAIL: Final = re.compile(r"[0-9a-f]{32}(?:[0-9a-f]{8})?(?:[0-9a-f]{24})?")
"""Some systems know addresses by their MD5, SHA-1 or SHA-256 only; these name one person, too."""
_MAIL_PARTS: Final = re.compile(r"[\s,;]+")


class PersonRef(BaseModel):
    """An identifier as it stands on Kafka: its type and the person key made of its value."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}:[0-9a-f]{64}$")]


def is_identifier_type(name: str) -> bool:
    """Whether a text has the form of a type of identifiers."""
    return _TYPE.fullmatch(name) is not None


def is_person_key(value: object) -> bool:
    """Whether a value has the form of a person key."""
    return isinstance(value, str) and PERSON_KEY.fullmatch(value) is not None


class IdentifierRejected(ValueError):
    """An identifier cannot stand for a person. `what` states the fact without the value, `hint` the remedy."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what}; {hint}")
        self.what = what
        self.hint = hint


class NobodyNamed(IdentifierRejected):
    """The identifier is a placeholder such as `undefined`: nobody is known, and the event belongs to nobody."""

    def __init__(self, identifier_type: str) -> None:
        super().__init__(
            f"identifier of type {identifier_type} is a placeholder", "leave the identifier out where it is not known"
        )


def order_of(identifier_type: str) -> tuple[int, str]:
    """Sort key of an identifier type by the declared order, strongest first."""
    return (_ORDER.get(identifier_type, len(_ORDER)), identifier_type)


def strongest(persons: Sequence[dict[str, str]]) -> dict[str, str]:
    """The person of the strongest type, whatever the order they were given in: sender and worker take its key for the event's."""
    return persons[0] if len(persons) == 1 else min(persons, key=lambda person: order_of(person["type"]))


def normalise(identifier_type: str, value: str, country: str | None = None) -> str:
    """The one spelling of an identifier: the same person typed differently gets the same key, two never share one.

    All: zero-width characters and surrounding white space removed, Unicode NFC, `="0042"` is 0042; but for mail and
    phone, `4711.0` is 4711. mail, device: lower case. mail: of `Jane <a@b.c>` and `mailto:a@b.c` the address. phone:
    E.164 (`+` and digits; `00` stands for `+`); a national number is read by `country` (ISO 3166-1 alpha-2) and refused
    without, since it names different persons in different countries. loyalty: blanks, hyphens, and dots that are not
    between two digits removed, upper case. Others keep their case.

    Raises NobodyNamed on a placeholder such as `undefined`. Raises IdentifierRejected on a malformed or misspelled type, a
    phone number that is not international or cannot be, and what names nobody any more: an exponent, a mask, the error of a formula,
    an IP address.
    """
    if identifier_type not in _ORDER:
        _require_type(identifier_type)
    text = plain(value)
    if is_nobody(text):
        raise NobodyNamed(identifier_type)
    if identifier_type == "mail":
        return _normalise_mail(text)
    if identifier_type == "phone":
        return _normalise_phone(text, country)
    is_simple = _SIMPLE.fullmatch(text) is not None and "xxx" not in text.lower()  # most are: no tool has left its form
    if is_simple and (identifier_type != "loyalty" or text.isalnum()):
        return _CASES.get(identifier_type, str)(text)
    if not is_simple:
        _refuse(identifier_type, fault_of_number(text) or fault_of_text(text))
    number = whole(text)
    if number is not text and is_nobody(number):
        raise NobodyNamed(identifier_type)
    if identifier_type == "loyalty":
        return _normalise_card(number)
    return number.lower() if identifier_type == "device" else number


@lru_cache(maxsize=1_024)
def misspelled(identifier_type: str) -> str | None:
    """The known type that was meant by an unknown one, if any.

    One letter is lost, added, changed or two are exchanged, in names of six letters and more two of these; `_id` or the like stands
    behind it (`anonymous_id`); or it is `telephone`. `phone2` and other names with digits are types of their own.
    """
    if identifier_type in _ORDER:
        return None
    name = _WORDS_BEHIND.sub("", _CAPITAL.sub("_", identifier_type).replace("-", "_").lower())
    joined = name.replace("_", "")
    if not joined.isalpha():
        return None
    if name in _ORDER or joined in _ORDER:
        return joined
    if joined in _ALSO_CALLED:
        return _ALSO_CALLED[joined]
    near = ((_distance(joined, known), known) for known in IDENTIFIER_TYPES)
    return min((one for one in near if one[0] <= (1 if len(one[1]) < _LONG_NAME else 2)), default=(0, None))[1]


def _distance(one: str, other: str) -> int:
    """Letters to lose, add, change or exchange with their neighbour to make one word the other."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, opposite in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != opposite))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]


def _require_type(identifier_type: str) -> None:
    is_formed = _TYPE.fullmatch(identifier_type) is not None
    meant = misspelled(identifier_type)
    if meant is not None:
        named = f" {identifier_type}" if is_formed else ""  # what is no name may be a value
        raise IdentifierRejected(f"identifier type{named} is not known", f"did you mean {meant!r}?")
    if not is_formed:
        raise IdentifierRejected(
            "identifier type is malformed", "use lower-case letters, digits and _, such as mail or loyalty"
        )


def _refuse(identifier_type: str, fault: FormFault | None) -> None:
    if fault is not None:
        raise IdentifierRejected(f"identifier of type {identifier_type} {fault.what}", fault.hint)


def _normalise_card(text: str) -> str:
    if _SIGNED.fullmatch("".join(text.split())):
        raise IdentifierRejected(
            "identifier of type loyalty has a sign", "a card number has none: export the column as text"
        )
    card = text.translate(_CARD_NOISE)
    _refuse("loyalty", fault_of_number(card))
    card = _CARD_DOT.sub("", whole(card)).upper()
    if is_nobody(card):  # "- . -" is a card number of nobody
        raise NobodyNamed("loyalty")
    return card


def _normalise_mail(text: str) -> str:
    mail = text.lower()
    if "@" not in mail and "%40" in mail:
        mail = unquote(mail).strip()
    while True:
        if "<" in mail and (named := _NAMED_MAIL.fullmatch(mail)) is not None:
            mail = named[1].strip()
        elif mail.startswith(_MAIL_SCHEMES):
            mail = mail.partition(":")[2].partition("?")[0].strip()
        else:
            break
    mail = mail.rstrip(".,; ")
    if not mail or is_nobody(mail) or is_nobodys_mail(mail):
        raise NobodyNamed("mail")
    if _USUAL_MAIL.fullmatch(mail) is not None and "xxx" not in mail and "xn--" not in mail:
        return mail
    if mail.count("@") > 1 and sum("@" in part for part in _MAIL_PARTS.split(mail)) > 1:
        raise IdentifierRejected("identifier of type mail holds several addresses", "send each as its own identifier")
    _refuse("mail", fault_of_text(mail))
    if "*" in mail:
        _refuse("mail", MASKED)
    if _ADDRESS.fullmatch(mail) is None and _HASHED_MAIL.fullmatch(mail) is None:
        raise IdentifierRejected(
            "identifier of type mail is no mail address",
            "write it as name@domain; what else names the person has a type of its own",
        )
    return mail if "xn--" not in mail else _in_unicode(mail)


def _in_unicode(mail: str) -> str:
    """The address with the letters of its domain: `xn--mnchen-3ya.de` and `m\u00fcnchen.de` are one (RFC 3492)."""
    name, _, domain = mail.rpartition("@")
    try:
        labels = [
            label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in domain.split(".")
        ]
    except UnicodeError:  # no domain has such a label; the address stays as it is
        return mail
    return unicodedata.normalize("NFC", f"{name}@{'.'.join(labels).lower()}")


def _normalise_phone(text: str, country: str | None) -> str:
    _refuse("phone", fault_of_number(text) if "e" in text or "E" in text else None)
    _refuse("phone", fault_of_text(text))
    if is_nobody(text.translate(_PHONE_BLANKS)):
        raise NobodyNamed("phone")
    number = e164_of(text, country)
    if isinstance(number, FormFault):
        raise IdentifierRejected(f"identifier of type phone {number.what}", number.hint)
    if is_no_line(number):
        raise NobodyNamed("phone")
    return number


class OlderKeys(NamedTuple):
    """A secret of before, and when another took its place (RFC 3339)."""

    keys: PersonKeys
    retired_at: str


class PersonKeys:
    """Makes person keys under one secret of 32 bytes. Whoever holds the secret can test guesses: keep it safe.

    `older` are the secrets of before a rotation, the newest first: senders link their keys to the present ones."""

    def __init__(self, key_id: str, secret: bytes, older: Sequence[OlderKeys] = ()) -> None:
        if not _KEY_ID.fullmatch(key_id):
            raise WrongUsage("the key id of the person key is malformed", "use 1-32 letters, digits, _ or -")
        if len(secret) != _SECRET_BYTES:
            raise WrongUsage(
                f"the secret of the person key has {len(secret)} bytes", f"use {_SECRET_BYTES} random bytes"
            )
        self.key_id = key_id
        self.older = tuple(older)
        self._mac = hmac.new(secret, digestmod="sha256")  # a copy costs half of setting the key up again

    def __repr__(self) -> str:
        return f"PersonKeys({self.key_id!r}, secret hidden)"

    @classmethod
    def from_file(cls, path: Path | str) -> PersonKeys:
        """Reads the person key file (key_file.py). Raises WrongUsage where that fails."""
        present, *older = read_key_file(path)
        return cls(
            present.key_id,
            present.secret,
            [OlderKeys(cls(one.key_id, one.secret), one.retired_at) for one in older],
        )

    def key(self, identifier_type: str, value: str, country: str | None = None) -> str:
        """`<key id>:<64 hex digits>` of the normalised value. Raises IdentifierRejected (see `normalise`)."""
        mac = self._mac.copy()
        mac.update(f"{identifier_type}\0{normalise(identifier_type, value, country)}".encode())
        return f"{self.key_id}:{mac.hexdigest()}"

    def all_keys(self, identifier_type: str, value: str, country: str | None = None) -> list[str]:
        """The key of the identifier, then those that it had before: to find somebody whom nobody has seen since. Raises as `key` does."""
        return [one.key(identifier_type, value, country) for one in (self, *(older.keys for older in self.older))]
