"""Invented personal values in the form of the standard examples, another set for each way in: what is found says by which way it came.

Mail addresses of example.org (RFC 2606), telephone numbers that Ofcom keeps for films, test numbers of card issuers, IBANs as the registry
prints them, addresses for documents (RFC 5737, RFC 3849).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

CONTROL: Final = "control-7f3ac1"
"""Stands where values may stand: a search that does not find it is blind."""
TOPIC: Final = "events-9d41f2"
"""The same where logs name the setup only."""
WORDS: Final = ("alder", "birch", "cedar", "elm", "fir", "hazel", "juniper", "larch", "maple", "oak", "pine", "rowan")
_CARDS: Final = (
    "4111 1111 1111 1111", "5555 5555 5555 4444", "3782 822463 10005", "6011 1111 1111 1117", "3530 1113 3330 0000",
    "4242 4242 4242 4242", "4012 8888 8888 1881", "5105 1051 0510 5100", "6011 0009 9013 9424", "3566 0020 2036 0505",
    "3714 496353 98431", "4000 0566 5566 5556",
)  # fmt: skip
_IBANS: Final = (
    "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606", "CH93 0076 2011 6238 5295 7",
    "AT61 1904 3002 3457 3201", "NL91 ABNA 0417 1643 00", "BE68 5390 0754 7034", "ES91 2100 0418 4502 0005 1332",
    "IT60 X054 2811 1010 0000 0123 456", "SE45 5000 0000 0583 9825 7466", "DK50 0040 0440 1162 43", "NO93 8601 1117 947",
)  # fmt: skip


class Planted(NamedTuple):
    """The values of one way in."""

    way: str
    name: str
    mail: str
    login: str
    loyalty: str
    cookie: str
    phone: str
    card: str
    iban: str
    ip: str
    ip6: str

    @property
    def text(self) -> str:
        """All that is found wherever somebody writes it; names are not."""
        return f"I am {self.mail}, ring {self.phone}, paid with {self.card} from {self.iban} at {self.ip} or {self.ip6}"

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """Raw, as senders know them."""
        kinds = ("mail", "phone", "login", "loyalty", "anonymous")
        return list(zip(kinds, (self.mail, self.phone, self.login, self.loyalty, self.cookie), strict=True))

    @property
    def needles(self) -> list[str]:
        """What must be nowhere, in each spelling; whatever its case."""
        pieces = [
            self.name,
            self.mail.partition("@")[0],
            self.login,
            self.cookie,
            self.ip,
            self.ip6.removeprefix("2001:db8"),
        ]
        spaced = (self.phone.removeprefix("+44 20 "), self.card, self.iban, self.loyalty)
        return [*pieces, *spaced, *(one.replace(" ", "") for one in spaced), *(one.replace(" ", "-") for one in spaced)]


def planted(number: int) -> Planted:
    """The set with this number."""
    word = WORDS[number]
    return Planted(
        way=word,
        name=f"Zebediah{word.capitalize()} Quux",
        mail=f"zeb.{word}@example.org",
        login=f"quux_{word}_login",
        loyalty=f"4711 0815 {10 + number} 3377",
        cookie=f"cookie-{word}-5f3a",
        phone=f"+44 20 7946 0{500 + number}",
        card=_CARDS[number],
        iban=_IBANS[number],
        ip=f"203.0.113.{50 + number}",
        ip6=f"2001:db8:{number + 1:x}:42::7e5{number:x}",
    )


def visit(one: Planted, event_id: str, source: str = "retail-pos") -> dict[str, Any]:
    """A touchpoint event that has a value wherever a sender can put one."""
    return {
        "type": "touchline.touchpoint.v1", "id": event_id, "source": source, "time": "2026-03-01T11:00:00Z",
        "touchpoint": "store_visit", "campaign": CONTROL, "place": f"counter of {one.mail}", "identifiers": one.identifiers,
        "properties": {
            "note": one.text, "customer_name": one.name, "paid_with": one.card, "account": one.iban, "heard_at": f"from {one.ip}",
            "client_ip": one.ip, "control": CONTROL,
        },
        "customerName": one.name, "Date-Of-Birth": one.name, one.mail: "as a name",
        "context": {"user": {"Customer-Name": one.name, "text": [one.text]}, "client_ip": one.ip, "x_forwarded_for": f"{one.ip},{one.ip6}"},
    }  # fmt: skip


def answer(one: Planted, event_id: str) -> dict[str, Any]:
    """An answer in which somebody tells everything."""
    return {
        "type": "touchline.answer.v1", "id": event_id, "source": "survey-tool", "time": "2026-03-02T11:00:00Z",
        "about": {"touchpoint": "store_visit"}, "survey": "relation", "question": "recommend", "kpi": "nps", "scope": "relational",
        "scale_min": 0, "scale_max": 10, "score": 9, "comment": one.text, "identifiers": one.identifiers,
    }  # fmt: skip


def refused(one: Planted, event_id: str) -> list[dict[str, Any]]:
    """Events that break the contract, each in another place."""
    return [
        visit(one, f"{event_id}-1") | {"time": one.text},
        visit(one, f"{event_id}-2") | {"amount": {"amount_minor": one.phone, "currency": one.mail}},
        visit(one, one.mail),
        visit(one, f"{event_id}-3") | {"type": one.mail},
        visit(one, f"{event_id}-4") | {"source": one.mail},
        visit(one, f"{event_id}-5") | {"persons": [{"type": "mail", "key": one.mail}]},
        visit(one, f"{event_id}-6") | {"identifiers": [{"type": "phone", "value": f"{one.mail} {one.phone}"}]},
        visit(one, f"{event_id}-7") | {"revision": one.card, "order": {"id": [one.iban]}},
        visit(one, f"{event_id} {one.phone}") | {"time": "yesterday"},
    ]
