"""A cell of a spreadsheet whose value is lost or has two readings. It costs its row only where the mapping reads it."""

from __future__ import annotations

from typing import Final

_FIX: Final = "correct the cell in the spreadsheet and save it again"


class UnreadableCell(str):
    """What stands in the cell, as text: so `null_values` and `nobody` can name it. `what` and `hint` as in a verdict."""

    what: str
    hint: str

    def __new__(cls, text: str, what: str, hint: str = _FIX) -> UnreadableCell:
        cell = super().__new__(cls, text)
        cell.what = what
        cell.hint = hint
        return cell
