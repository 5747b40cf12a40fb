"""From a link to the ask, the question and the language: what there is to answer, or why there is nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from touchline.errors import TouchlineError
from touchline.schemas.answer import Disposition
from touchline.schemas.times import US_PER_SECOND
from touchline.surveys.asked import RANK
from touchline.surveys.asks import Ask, StoredAsk
from touchline.surveys.links import KINDS, Kind, Link, LinkProblem, LinkRefused, derived_id, read
from touchline.surveys.questions import Question, Wording
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.ways.words import accepted

PLACE_SURVEY: Final = "place_link"
"""`survey` of answers that no policy asked for: whoever was there gave them."""
SURVEY_VERSION: Final = 1
_UNSAMPLED: Final = RANK["sampled"]


class Shut(StrEnum):
    """Why there is nothing to answer; each is a sentence of words.yaml."""

    INVALID = "invalid"
    EXPIRED = "expired"
    NOT_ASKED = "not_asked"


class NothingToAnswer(TouchlineError):
    """The link leads to no question that may be answered now."""

    def __init__(self, why: Shut) -> None:
        super().__init__(f"the link leads to no question: {why.value}", "ask for a new link")
        self.why = why


class Opened(NamedTuple):
    """What a link leads to. Of a place `scan` tells one reader's ask from the next one's."""

    text: str
    link: Link
    scan: str
    stored: StoredAsk
    question: Question
    language: str

    @property
    def wording(self) -> Wording:
        """The question in the language in which it is read."""
        return self.question.wordings[self.language]

    @property
    def is_of_place(self) -> bool:
        """Whether nobody was chosen to be asked."""
        return self.link.kind == "place"

    def has_come_to(self, disposition: Disposition) -> bool:
        """Whether the ask has come that far, or further."""
        return RANK[self.stored.disposition] >= RANK[disposition]


class Opening:
    """For one event loop. `default` is the language where nothing says which."""

    def __init__(self, desk: Desk, secret: bytes, default: str) -> None:
        self._desk = desk
        self._secret = secret
        self._default = default

    async def open(
        self,
        text: str,
        scan: str,
        *,
        asked: str = "",
        accepts: str = "",
        kinds: tuple[Kind, ...] = KINDS,
        at_us: int | None = None,
        is_new: bool = False,
    ) -> Opened:
        """What there is to answer. `asked` is the language that the reader chose, `accepts` what their browser says; `at_us` is when it is
        answered, if not now; a scan that `is_new` is looked up nowhere. Raises NothingToAnswer, RequestRefused."""
        moment_us = self._desk.now_us() if at_us is None else at_us
        link = read(self._secret, text, moment_us / US_PER_SECOND, kinds)
        if isinstance(link, LinkRefused):
            raise NothingToAnswer(Shut.EXPIRED if link.problem is LinkProblem.EXPIRED else Shut.INVALID)
        if link.kind == "place":
            question = self._question(link.question)
            stored = self._scanned(text, link, scan, question, moment_us)
            if not is_new:
                stored = await self._desk.find(stored.ask.id) or stored
        else:
            found = await self._desk.find(link.ask_id)
            if found is None or RANK[found.disposition] < _UNSAMPLED:
                raise NothingToAnswer(Shut.INVALID)
            stored = found
            question = self._question(stored.ask.question, stored.ask.version)
        language = self._language(question, (asked, link.language), accepts, stored.ask.language)
        spoken = stored._replace(ask=stored.ask._replace(language=language))
        opened = Opened(text, link, scan if link.kind == "place" else "", spoken, question, language)
        if not opened.has_come_to("partial") and _is_over(stored, moment_us):
            raise NothingToAnswer(Shut.EXPIRED)
        return opened

    def _question(self, question: str, version: str = "") -> Question:
        found = self._desk.question(question, version)
        if found is None:
            raise NothingToAnswer(Shut.NOT_ASKED)
        return found

    def _language(self, question: Question, asked: tuple[str, ...], accepts: str, of_ask: str) -> str:
        for one in asked:
            if one and (found := question.language_for(one, "")) in (one, one.partition("-")[0]):
                return found
        return accepted(accepts, question.wordings) or question.language_for(of_ask or self._default, self._default)

    def _scanned(self, text: str, link: Link, scan: str, question: Question, now_us: int) -> StoredAsk:
        """The ask of one scan. Its id cannot be chosen: whoever answers can answer for no other ask."""
        ask = Ask(
            id=derived_id(self._secret, "scan", text, scan),
            question=question.id,
            version=question.version,
            language="",
            kpi=question.kpi,
            variant=question.variant,
            scope=question.scope,
            scale_min=question.scale.min,
            scale_max=question.scale.max,
            persons=(),
            touchpoint=link.touchpoint,
            about_source="",
            about_event_id="",
            policy=PLACE_SURVEY,
            policy_version=SURVEY_VERSION,
            probability=1.0,
            asked_us=now_us,
            expires_us=link.expires_s * US_PER_SECOND,
            place=link.place,
        )
        return StoredAsk(ask, "sampled", now_us)


def _is_over(stored: StoredAsk, now_us: int) -> bool:
    return stored.disposition == "expired" or 0 < stored.ask.expires_us <= now_us
