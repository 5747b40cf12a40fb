"""The touchpoint event: somebody met the company somewhere."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from touchline.schemas.envelope import Contract, Envelope, Name, RequiredName
from touchline.schemas.money import Amount


class Order(Contract):
    """The order that a purchase makes or a refund undoes."""

    id: RequiredName
    kind: Literal["purchase", "refund"] = "purchase"


class TouchpointEvent(Envelope):
    """One contact: a page view, a call, a basket at the till.

    `touchpoint` names an entry of the journey map; an unknown one is kept as unmapped. `provenance` is `declared` where
    somebody told us afterwards (a survey recovered it), else `observed`. A refund has a negative amount and names its
    order.
    """

    type: Literal["touchline.touchpoint.v1"] = "touchline.touchpoint.v1"
    touchpoint: RequiredName
    action: Name = ""
    channel: Name | None = Field(default=None, description="Overrides the channel of the map's touchpoint")
    provenance: Literal["observed", "declared"] = "observed"
    amount: Amount | None = None
    order: Order | None = None
