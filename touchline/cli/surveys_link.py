"""Makes the link that `touchline surveys link` prints, and for a receipt the ask behind it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from touchline.cli.sending import open_producer
from touchline.errors import WrongUsage
from touchline.schemas.journey.problems import did_you_mean
from touchline.schemas.times import US_PER_SECOND, format_time
from touchline.settings import Settings
from touchline.surveys.asks import answer_event
from touchline.surveys.links import Link, kiosk_url, question_url, sign
from touchline.surveys.questions import Question, load_catalogue
from touchline.surveys.receipts import receipt_ask
from touchline.surveys.secret import read_survey_secret

_DAY_S = 86_400


class LinkWanted(NamedTuple):
    """What the command was told: a place, or a receipt with its source."""

    question: str
    touchpoint: str
    place: str
    receipt: str
    source: str
    language: str
    days: float


class LinkMade(NamedTuple):
    """Where the question is; `kiosk` "" where it is not of a place."""

    link: str
    kiosk: str
    expires_at: str


def link_of(settings: Settings, wanted: LinkWanted, now_us: int) -> LinkMade:
    """The link; of a receipt the ask is safe when this returns. Raises WrongUsage, EngineUnreachable, OutboxUnusable."""
    if bool(wanted.place) == bool(wanted.receipt):
        raise WrongUsage("the link is of a place or of a receipt", "give --place, or --receipt with --source")
    if bool(wanted.source) != bool(wanted.receipt):
        raise WrongUsage("a receipt is named by its id and its source", "give both: --receipt and --source")
    question = _question(settings, wanted)
    secret = read_survey_secret(settings.survey_secret_file)
    expires_s = round(now_us / US_PER_SECOND + wanted.days * _DAY_S)
    link = Link("place", expires_s, wanted.language, "", wanted.place, wanted.touchpoint, wanted.question)
    if wanted.receipt:
        ask_id = _write_ask(settings, wanted, question, secret, now_us, expires_s)
        link = Link("receipt", expires_s, wanted.language, ask_id)
    text = sign(secret, link)
    kiosk = kiosk_url(settings.surveys_url, text) if wanted.place else ""
    return LinkMade(question_url(settings.surveys_url, text), kiosk, format_time(expires_s * US_PER_SECOND))


def _question(settings: Settings, wanted: LinkWanted) -> Question:
    catalogue = load_catalogue(settings.survey_questions_file)
    found = catalogue.get(wanted.question)
    if found is None:
        hint = did_you_mean(wanted.question, list(catalogue.questions))
        raise WrongUsage("the catalogue has no question of that id", hint)
    if wanted.language and wanted.language not in found.wordings:
        raise WrongUsage(
            f"{found.id} has no words in that language", f"it has {', '.join(found.wordings)}; or leave --language out"
        )
    return found


def _write_ask(
    settings: Settings, wanted: LinkWanted, question: Question, secret: bytes, now_us: int, expires_s: int
) -> str:
    language = wanted.language or question.language_for(settings.survey_language)
    about = (wanted.touchpoint, wanted.source, wanted.receipt)
    ask = receipt_ask(secret, question, language, *about, now_us, expires_s * US_PER_SECOND)
    producer = open_producer(settings)
    try:
        producer.emit(answer_event(ask, "invited", now_us, settings.surveys_source))
        producer.flush(30)
    finally:
        producer.close(10)
    return ask.id


def code_of(made: LinkMade, path: Path) -> None:
    """Write the link as a QR code."""
    from touchline.surveys.codes import write_code

    write_code(made.link, path)
