"""What a sender gets back about its items, as models: the OpenAPI document is made from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from touchline.producers.collector.explain import faults_of
from touchline.producers.collector.front import ItemMasked, ItemVerdict, RequestOutcome
from touchline.producers.masked import MASKED_HINT
from touchline.schemas.reasons import Reason
from touchline.wording import SUPPRESSED_HINT

FAULTS_SHOWN: Final = 20
ITEMS_EXPLAINED: Final = 100
"""Items whose faults are all listed; of further ones only the leading fault is."""
MASKED_SHOWN: Final = 100


class ReceiptFault(BaseModel):
    """One thing that is wrong with an item. Never a value, nor a name that the sender chose."""

    model_config = ConfigDict(frozen=True)

    reason: Reason = Field(description="From a closed set; that of the first fault would stand in the quarantine")
    field: str = Field(description="Path of the field, such as persons[0].key; empty: the item as a whole")
    found: str | None = Field(default=None, description="Shape of what stands there")
    expected: str | None = Field(default=None, description="What the contract takes there")
    hint: str = Field(description="What to do")


class RejectedItem(BaseModel):
    """One item that was not taken."""

    model_config = ConfigDict(frozen=True)

    item: int = Field(ge=0, description="Position among the items of the request, from 0")
    line: int | None = Field(default=None, ge=1, description="Line of an NDJSON body, from 1")
    faults: Annotated[list[ReceiptFault], Field(min_length=1, max_length=FAULTS_SHOWN)]


class MaskedValues(BaseModel):
    """Personal values of one kind in one field of an item that was taken. Never a value."""

    model_config = ConfigDict(frozen=True)

    item: int = Field(ge=0, description="Position among the items of the request, from 0")
    line: int | None = Field(default=None, ge=1, description="Line of an NDJSON body, from 1")
    field: str = Field(description="Such as comment or properties.note; names that may hold a value are left out")
    kind: Literal["mail", "phone", "card", "iban", "ip", "named"] = Field(
        description="What was masked; named: the field is declared personal in sources.yaml, and was left out"
    )
    values: int = Field(ge=1, description="How many")


class Receipt(BaseModel):
    """What became of the items of a request. Those accepted are durable: acknowledged by Kafka, or in the outbox."""

    model_config = ConfigDict(frozen=True)

    accepted: int = Field(ge=0, description="Items that are safe now")
    suppressed: int = Field(
        default=0,
        ge=0,
        description="Items that will not be kept: their source works under consent, and they name no grant; left out where 0",
    )
    rejected: int = Field(ge=0, description="Items that were not taken; each has a verdict")
    rejections: list[RejectedItem] = Field(description="In the order of the items")
    masked: list[MaskedValues] | None = Field(
        default=None, description="Personal values that were masked, the first 100; left out where there are none"
    )
    hint: str | None = Field(
        default=None, description="What to do about suppressed items and masked values; left out where there are none"
    )


class WebhookReceipt(Receipt):
    """What became of the answers in a webhook."""

    unmapped: list[str] | None = Field(
        default=None,
        description="Questions that were answered and are not in webhooks.yaml, the first 100; left out where there are none",
    )


class ProblemDocument(BaseModel):
    """A request that was refused as a whole (RFC 9457): nothing of it was taken, unless the status is 503."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(description="What is wrong")
    status: int = Field(ge=400, le=599, description="The HTTP status")
    hint: str = Field(description="What to do")


def receipt_of(outcome: RequestOutcome) -> dict[str, Any]:
    """A Receipt, fields without a value left out. Made without the models: a request may have thousands of bad items."""
    rejections = [_rejection(verdict, number) for number, verdict in enumerate(outcome.rejected)]
    receipt: dict[str, Any] = {"accepted": outcome.accepted}
    hints = []
    if outcome.suppressed:
        receipt["suppressed"] = outcome.suppressed
        hints.append(SUPPRESSED_HINT)
    receipt |= {"rejected": len(rejections), "rejections": rejections}
    if outcome.masked:
        receipt["masked"] = list(islice(_masked_in(outcome.masked), MASKED_SHOWN))
        hints.append(MASKED_HINT)
    return {**receipt, "hint": "; ".join(hints)} if hints else receipt


def _masked_in(items: Sequence[ItemMasked]) -> Iterator[dict[str, Any]]:
    for item in items:
        for finding in item.findings:
            yield _without_none({"item": item.position, "line": item.line, **finding._asdict()})


def _rejection(verdict: ItemVerdict, number: int) -> dict[str, Any]:
    event = verdict.event if number < ITEMS_EXPLAINED else None
    faults = [_without_none(fault._asdict()) for fault in faults_of(verdict.error, event)[:FAULTS_SHOWN]]
    return _without_none({"item": verdict.position, "line": verdict.line, "faults": faults})


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
