"""Small cells: which numbers of a selection by brand, place, persona or segment are not shown (statistical disclosure control).

Rows are the cells of one answer of a view: `n` answers are in the cell and in the filter, `n_outside` in the cell and in the rest of the
filter, but outside of its splits. Both are protected, since without the splits n + n_outside is shown.

- A cell is unsafe when 0 < n < k, or n > 0 and 0 < n_outside < k.
- What the visible cells leave of their total must be safe, too: beside unsafe cells the next smallest are hidden, until together they
  are (complementary suppression); and where the filter leaves anything out of the total, it must leave k answers out of them.
- Under a hidden node everything is hidden.

So no hidden cell is a sum or a difference of visible cells and totals of one selection. Whoever puts together answers of several
selections (other days, other filters) can learn more: docs/kpis.md says what.

Why: docs/decisions/0142.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.views import all_of, any_of, layered

_K: Final = load_catalogue().split_k


def is_unsafe(n: str, outside: str) -> str:
    """Whether the numbers of a cell would say something of less than k answers."""
    return all_of(f"{n} > 0", any_of(f"{n} < {_K}", all_of(f"{outside} > 0", f"{outside} < {_K}")))


def suppressed(source: str, group: tuple[str, ...], *levels: tuple[str, ...], condition: str) -> str:
    """The rows of `source` with `is_hidden`; nothing is hidden unless the condition holds.

    Rows of one `group` add up to a total; `levels` are the columns by which it divides, and its parts divide again. `source` has the
    columns of group and levels, which name a row, n and n_outside.
    """
    # Keys of several columns go in one tuple: the engine plans every column of every window.
    packed = {"group_0": f"({', '.join(group)})"} | {
        f"node_{depth}": f"({', '.join(level)})" for depth, level in enumerate(levels, start=1)
    }
    groups = [
        ", ".join(["group_0", *(f"node_{above}" for above in range(1, depth + 1))]) for depth in range(len(levels) + 1)
    ]
    sums: dict[str, str] = {}
    unsafe: dict[str, str] = {}
    ranks: dict[str, str] = {}
    stops: dict[str, str] = {}
    hidden = []
    for depth, of_node in enumerate(groups):
        sums |= {f"n_{depth}": f"sum(n) OVER (PARTITION BY {of_node})"}
        sums |= {f"outside_{depth}": f"sum(n_outside) OVER (PARTITION BY {of_node})"}
        unsafe[f"is_unsafe_{depth}"] = is_unsafe(f"n_{depth}", f"outside_{depth}")
        if depth == 0:
            hidden.append("is_unsafe_0")
            continue
        within = groups[depth - 1]
        # The frame of a window with ORDER BY ends with the last peer: the rows of one node are summed together.
        ordered = f"(PARTITION BY {within} ORDER BY is_unsafe_{depth} DESC, n_{depth}, node_{depth})"
        ranks |= {
            f"rank_{depth}": f"dense_rank() OVER {ordered}",
            f"n_until_{depth}": f"sum(n) OVER {ordered}",
            f"outside_until_{depth}": f"sum(n_outside) OVER {ordered}",
            f"unsafe_until_{depth}": f"sum(is_unsafe_{depth}) OVER {ordered}",
            f"unsafe_all_{depth}": f"sum(is_unsafe_{depth}) OVER (PARTITION BY {within})",
        }
        enough = all_of(
            f"unsafe_until_{depth} = unsafe_all_{depth}",
            f"n_until_{depth} >= {_K}",
            any_of(f"outside_until_{depth} >= {_K}", f"outside_{depth - 1} = 0"),
        )
        stops[f"stop_{depth}"] = f"minIf(rank_{depth}, {enough}) OVER (PARTITION BY {within})"
        hidden.append(all_of(f"unsafe_all_{depth} > 0", any_of(f"stop_{depth} = 0", f"rank_{depth} <= stop_{depth}")))
    layers = [layer for layer in (packed, sums, unsafe, ranks, stops) if layer]
    return layered(source, *layers, {"is_hidden": all_of(condition, any_of(*hidden))})
