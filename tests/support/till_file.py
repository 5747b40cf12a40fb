"""The mapping of a file of receipts as tills export it, for the tests of ways in."""

from __future__ import annotations

from typing import Final

TILL_MAPPING: Final = """\
mapping: tills
source: retail-pos
id: receipt
time: {column: sold_at, format: "%Y-%m-%d %H:%M:%S"}
zone: Europe/Berlin
identifiers: {loyalty: card}
amount: {column: total, currency: EUR}
fields: {touchpoint: {constant: store_purchase}, action: {constant: purchase}, order.id: receipt}
"""
