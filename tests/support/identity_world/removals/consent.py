"""What a withdrawn consent takes away, for the whole person and for good."""

from __future__ import annotations

from typing import Any

from tests.support.identity_world.removals.patching import Break, around, instead
from touchline.identity.remembered import Remembered
from touchline.processors import turns
from touchline.processors.linking import Consents
from touchline.processors.steps.consent import permitted


def under_one_identifier(self: Any, placed: Any) -> Any:
    """Each identifier has its own consents, whoever it belongs to."""
    identifiers = {fact.identifier for _, fact in placed}
    return [
        one
        for identifier in sorted(identifiers)
        for one in permitted([other for other in placed if other[1].identifier == identifier], self._purposes_of)
    ]


def by_all_links(init: Any, self: Any, *arguments: Any) -> None:
    """The persons as if nobody had withdrawn the consent to be linked."""
    init(self, *arguments)
    self.persons = self._by_all_links


def remembered(judged: Any, self: Any, changed: Any, found: Any, persons: Any, _: Any) -> None:
    """Pairs are known to be linked, whether their links count or not."""
    judged(self, changed, found, persons)


BREAKS: dict[str, Break] = {
    "withdrawn_counts": Break(
        "what is withdrawn is left out", instead(Consents, "permitted", lambda _, placed: placed), focus="consent"
    ),
    "under_one_identifier": Break(
        "a withdrawal holds for the whole person", instead(Consents, "permitted", under_one_identifier), focus="consent"
    ),
    "withdrawn_goes_on": Break(
        "whoever withdrew is followed from the beginning",
        instead(turns, "_is_withdrawn", lambda *_: False),
        focus="consent",
    ),
    "withdrawn_links": Break(
        "links under a withdrawn consent join nobody", around(Consents, "__init__", by_all_links), focus="consent"
    ),
    "withdrawn_grants": Break(
        "a withdrawn id stays withdrawn where its link does not count",
        instead(Consents, "permitted", lambda self, placed: permitted(placed, self._purposes_of)),
        focus="consent",
    ),
    "withdrawn_repeats": Break(
        "of who withdrew a repeated link is news", around(Remembered, "judged", remembered), focus="consent"
    ),
}
