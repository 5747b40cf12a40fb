"""Tables without lines whose cells are never cut: two names may differ in their ends, and a label must be read."""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table


def whole_table(*heads: str, right: Collection[str] = ()) -> Table:
    """An empty table; what is too wide for its column goes on in the next line. The columns of `right` are set to the right."""
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", overflow="fold")
    return table
