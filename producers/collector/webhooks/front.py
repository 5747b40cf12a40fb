"""The front at /v1/webhooks/{source}: the signature over the body as it was sent, then the responses in it.

A source that is not in the file gets the answer of a wrong signature: names are not told, and at a 404 Typeform switches a webhook off.

Why: docs/decisions/0196.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import orjson

from touchline.producers.collector.access import WriteKey
from touchline.producers.collector.front import HttpReply, Item, Parsed, Posted, RequestOutcome
from touchline.producers.collector.json_items import require_few
from touchline.producers.collector.rare_lines import RareLines
from touchline.producers.collector.vendors.documents import document_of
from touchline.producers.collector.verdicts import receipt_of
from touchline.producers.collector.webhooks import formbricks, generic, typeform
from touchline.producers.collector.webhooks.answers import events_of
from touchline.producers.collector.webhooks.load import OpenWebhook
from touchline.producers.collector.webhooks.model import Webhook
from touchline.producers.collector.webhooks.responses import SurveyResponse
from touchline.producers.collector.webhooks.signatures import STANDARD, Proof
from touchline.schemas.rejections import shape_of
from touchline.service.problem import RequestRefused

log = logging.getLogger("touchline.collector")

PREFIX: Final = "/v1/webhooks/"
PATH: Final = f"{PREFIX}{{source}}"
TELL_SECONDS: Final = 10.0
UNMAPPED_SHOWN: Final = 100
UNMAPPED_HINT: Final = "nothing is kept of unmapped questions: name them in webhooks.yaml, or under its ignore"
_CHALLENGE: Final = {"WWW-Authenticate": 'Signature realm="touchline"'}


class WebhookFront:
    """200 whatever became of the responses, if they can be told apart: what is refused of them goes into the quarantine, and coming again
    it would be refused again."""

    paths = (PATH, f"{PATH}/")
    method = "POST"
    is_foreign = True

    def __init__(
        self,
        webhooks: Callable[[], Mapping[str, OpenWebhook]],
        clock_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
        count_unmapped: Callable[[str, int], None] = lambda _source, _answers: None,
    ) -> None:
        """`webhooks` says those of now, `count_unmapped` hears of answers to questions that nobody mapped. Clocks give the time of day, to
        which signed times are compared, and one that never jumps."""
        self._webhooks = webhooks
        self._clock_s = clock_s
        self._unmapped = RareLines(TELL_SECONDS, monotonic_s)
        self._count_unmapped = count_unmapped
        self._refused = RareLines(TELL_SECONDS, monotonic_s)
        self._nobodys_keys: tuple[bytes, ...] = (secrets.token_bytes(32),)

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """There is none."""
        return None

    def parse(self, posted: Posted, items_max: int) -> Parsed:
        """See Front. Raises RequestRefused: 401 no genuine signature, 400 no JSON, no response or too many answers."""
        source = posted.path.removeprefix(PREFIX).rstrip("/")
        webhook = self._genuine(source, posted)
        body = document_of(posted.body)
        responses = _responses_in(body, webhook)
        if responses is None:
            raise RequestRefused(
                400,
                f"the body is {shape_of(body)} without a response",
                "send what the tool sends; see form in webhooks.yaml",
            )
        mapped = [events_of(response, webhook) for response in responses]
        items = [Item(event) for one in mapped for event in one.events]
        require_few(len(items), items_max)
        unmapped = list(dict.fromkeys(question for one in mapped for question in one.unmapped))
        self._tell_unmapped(source, sum(len(one.unmapped) for one in mapped))
        beside = {"unmapped": list(islice(unmapped, UNMAPPED_SHOWN))} if unmapped else {}
        return Parsed(len(items), items, signer=WriteKey(f"webhook:{source}", frozenset((source,))), beside=beside)

    def _genuine(self, source: str, posted: Posted) -> Webhook:
        """The webhook that signed. Raises RequestRefused."""
        webhook = self._webhooks().get(source)
        signature, keys, tolerance_seconds = STANDARD, self._nobodys_keys, 0
        if webhook is not None:
            described = webhook.described
            signature, keys, tolerance_seconds = described.signed_as, webhook.keys, described.tolerance_seconds
        proof = signature.proof_of(keys, posted.headers, posted.sent, self._clock_s(), tolerance_seconds)
        if webhook is not None and proof is Proof.GENUINE:
            return webhook.described
        what, hint = _UNPROVEN[proof]
        if webhook is not None and (count := self._refused.count(source, 1)):
            log.warning("webhooks_refused", extra={"fields": {"source": source, "requests": count, "why": what}})
        raise RequestRefused(401, what, hint, headers=_CHALLENGE)

    def _tell_unmapped(self, source: str, answers: int) -> None:
        if answers:
            self._count_unmapped(source, answers)
        if count := self._unmapped.count(source, answers):
            fields = {
                "source": source,
                "answers": count,
                "hint": f"{UNMAPPED_HINT}; each answer to a webhook lists them",
            }
            log.warning("webhooks_unmapped", extra={"fields": fields})

    def answer(self, outcome: RequestOutcome, posted: Posted) -> HttpReply:
        """The receipt, with the questions that nobody mapped."""
        receipt = receipt_of(outcome) | dict(outcome.beside)
        if outcome.beside:
            receipt["hint"] = "; ".join(filter(None, (receipt.pop("hint", None), UNMAPPED_HINT)))
        return HttpReply(200, orjson.dumps(receipt))

    def refuse(self, refused: RequestRefused) -> HttpReply | None:
        """As a problem document: tools show what they were answered."""
        return None


def _responses_in(body: Any, webhook: Webhook) -> Sequence[SurveyResponse] | None:
    if webhook.form == "typeform":
        return typeform.responses_in(body)
    if webhook.form == "formbricks":
        return formbricks.responses_in(body)
    return None if webhook.response is None else generic.responses_in(body, webhook.response)


_NO_PROOF: Final = (
    "the signature is missing, or of no secret of this source",
    "compare the secret file that webhooks.yaml names with the tool's secret, and the address with the source",
)
_UNPROVEN: Final = {
    Proof.WRONG: _NO_PROOF,
    Proof.GENUINE: _NO_PROOF,
    Proof.STALE: (
        "the signature is of another time",
        "set the clocks of both machines; tolerance_seconds in webhooks.yaml says how far they may differ",
    ),
}
