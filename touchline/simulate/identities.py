"""Under which identifiers a person is met, where that is simulated: anonymous in a browser, by login, by card, on devices that are shared.

A visit online is anonymous, or begins with a login that links both; a purchase there always does. Some register their loyalty card with the
first login; at a till it is shown alone, and whoever has none is nobody there. A shared device is the browser of two persons, who log in
one after the other, as their visits come.
"""

from __future__ import annotations

from typing import Final

from touchline.simulate.arrivals import Person
from touchline.simulate.chance import Chance
from touchline.simulate.journeys import Happening
from touchline.simulate.parameters import Identities, SimulationParameters
from touchline.simulate.writing import Identifiers

_HAS_CARD: Final = 0.7
_REGISTERS_CARD: Final = 0.6
_LOGS_IN: Final = 0.4
_SECOND_BROWSER: Final = 0.3


class ManyIdentifiers:
    """By what one person is known at each happening, in the order in which they come."""

    def __init__(self, person: Person, parameters: SimulationParameters, identities: Identities) -> None:
        self._chance = Chance(parameters.seed, "identities", person.number)
        self._login = ("login", person.login) if self._chance.happens(identities.login_share) else None
        self._card = ("loyalty", f"{person.login}-card") if self._chance.happens(_HAS_CARD) else None
        self._browsers = [browser_of(person, parameters, identities)]
        if self._chance.happens(_SECOND_BROWSER):
            self._browsers.append(("anonymous", f"{person.login}-phone"))
        self._registers = self._card is not None and self._chance.happens(_REGISTERS_CARD)
        self._visit: Identifiers = []

    @property
    def all(self) -> Identifiers:
        """Every identifier that the person may be met by, strongest first."""
        return [one for one in (self._login, self._card, *self._browsers) if one is not None]

    def links(self, happening: Happening) -> Identifiers:
        """What a login at this happening links, none where nobody logs in; to be asked once, before `now`."""
        self._visit = []
        if not happening.meeting.is_online:
            self._visit = [self._card] if self._card is not None else []
            return []
        browser = self._chance.pick(self._browsers)
        self._visit = [browser]
        is_login = self._chance.happens(1.0 if happening.meeting.is_conversion else _LOGS_IN)
        if self._login is None or not is_login:
            return []
        linked = [self._login, browser]
        if self._registers and self._card is not None:
            self._registers = False
            linked.append(self._card)
        if happening.meeting.is_conversion:
            self._visit = [self._login, browser]
        return linked

    def now(self) -> Identifiers:
        """Identifiers of the happening, the strongest first; none where nobody is known."""
        return self._visit


def browser_of(person: Person, parameters: SimulationParameters, identities: Identities) -> tuple[str, str]:
    """The person's own browser, or that of the one who arrived before."""
    owner = person.login
    if is_shared(person.number, parameters.seed, identities):
        owner = f"{person.login.rpartition('-')[0]}-{person.number - 1}"
    return ("anonymous", f"{owner}-browser")


def is_shared(number: int, seed: int, identities: Identities) -> bool:
    """Whether this person uses the browser of the one before. Never more than two share one: an even number and the odd one after it."""
    return number % 2 == 1 and Chance(seed, "shared", number).happens(identities.shared_share)
