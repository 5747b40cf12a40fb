"""The persons of components in which somebody withdrew a consent, and what of each may count: links that rest on a withdrawn consent join
nobody.

Components stay as they are, and so does who leads them: both follow from all links. Who withdrew is read as a whole each time, so all that
is needed is at hand.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from touchline.identity.components import Components
from touchline.identity.grants import Told, counting
from touchline.identity.links import Identifier, pair_of
from touchline.identity.persons import Persons, persons_of
from touchline.processors.relations import Relations
from touchline.processors.steps.consent import PurposesOf, States, permitted, purposes_in
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.records import Fact
from touchline.schemas.events import CONSENT
from touchline.schemas.identifiers import DEVICE_TYPES
from touchline.schemas.permission import PROFILING


class Consents:
    """What follows from the consents of whole components. `persons` are those by the links that count."""

    def __init__(
        self,
        component: Sequence[Identifier],
        judged: Components,
        by_all_links: Persons,
        relations: Relations,
        placed: Collection[Placed],
        purposes_of: PurposesOf,
    ) -> None:
        """`by_all_links` are the persons if nobody had withdrawn anything, `placed` all events of these identifiers that are known here.
        Raises LedgerUnavailable."""
        self._known = {one.key: one for one in component}
        self._by_all_links = by_all_links
        self._purposes_of = purposes_of
        self.persons = by_all_links
        if len(component) > 1:
            said = relations.look_up(component).links
            pairs = {pair_of(one.one, one.other) for one in said}
            links = {pair: judged.links[pair] for pair in pairs & judged.links.keys()}
            told = [_told(fact, self._known, purposes_of) for _, fact in placed]
            counted = counting(links, said, told, by_all_links, PROFILING, DEVICE_TYPES)
            self.persons = persons_of(component, counted, DEVICE_TYPES)
        of_person: dict[Identifier, list[Fact]] = defaultdict(list)
        for _, fact in placed:
            of_person[self._person_by_all(fact)].append(fact)
        self._of_grants = {person: States(facts) for person, facts in of_person.items()}

    def permitted(self, placed: Sequence[Placed]) -> Sequence[Placed]:
        """The events of one of the persons that may count, in the order given. A withdrawn id stays withdrawn for who names it and would be
        the same person by a link that does not count."""
        return permitted(placed, self._purposes_of, lambda fact: self._of_grants[self._person_by_all(fact)])

    def _person_by_all(self, fact: Fact) -> Identifier:
        return self._by_all_links.person_at(self._known[fact.identifier], fact.event_time)


def _told(fact: Fact, known: Mapping[str, Identifier], purposes_of: PurposesOf) -> Told:
    is_statement = fact.event_type == CONSENT
    return Told(
        (fact.source, fact.event_id),
        known[fact.identifier],
        fact.event_time,
        fact.consent_id,
        purposes_in(fact.purposes),
        not is_statement and fact.source in purposes_of,
        fact.action if is_statement else "",
        fact.about_time,
    )
