"""The kinds of personal values: a closed set, public in metrics, receipts and sources.yaml."""

from __future__ import annotations

from typing import Final, Literal, get_args

Kind = Literal["mail", "phone", "card", "iban", "ip"]
"""What a text is searched for."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
NAMED: Final = "named"
"""What was left out since sources.yaml names its field personal."""
COUNTED: Final = (*KINDS, NAMED)
"""The kinds as they are counted."""
