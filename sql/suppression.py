"""Small cells: which numbers of a selection by brand, place, persona or segment are not shown (statistical disclosure control).

Rows are the cells of one answer of a view: `n` answers are in the cell and in the filter, `n_outside` in the cell and in the rest of the
filter, but outside of its splits. Both are protected, since without the splits n + n_outside is shown.

- A cell is unsafe when 0 < n < k, or n > 0 and 0 < n_outside < k.
- What the visible cells leave of their total must not be unsafe either: beside unsafe cells the next smallest are hidden, until at least
  two are and together they are safe (complementary suppression).
- Under a hidden node everything is hidden.

So no hidden cell is a sum or a difference of visible cells and totals of one selection. Whoever puts together answers of several
selections (other days, other filters) can learn more: docs/kpis.md says what.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.catalogue import load_catalogue

_K: Final = load_catalogue().split_k


def hiding(name: str, group: tuple[str, ...], node: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Layers that end with `is_hidden_<name>`: whether the row's node (its rows of one `node` within one `group`) is hidden within
    the group. Without `node` the group is the node, and there is no complementary suppression."""
    by_node = f"(PARTITION BY {', '.join((*group, *node))})"
    sums = {
        f"{name}_n": f"sum(n) OVER {by_node}",
        f"{name}_outside": f"sum(n_outside) OVER {by_node}",
    }
    unsafe = {f"is_unsafe_{name}": f"{name}_n > 0 AND ({name}_n < {_K} OR {name}_outside BETWEEN 1 AND {_K - 1})"}
    if not node:
        return [sums, unsafe, {f"is_hidden_{name}": f"is_unsafe_{name}"}]
    by_group = f"(PARTITION BY {', '.join(group)})"
    # Peers, the rows of one node, are summed together: the frame of a window with ORDER BY ends with the last peer.
    ordered = f"(PARTITION BY {', '.join(group)} ORDER BY is_unsafe_{name} DESC, {name}_n, {', '.join(node)})"
    ranks = {
        f"{name}_rank": f"dense_rank() OVER {ordered}",
        f"{name}_n_until": f"sum(n) OVER {ordered}",
        f"{name}_outside_until": f"sum(n_outside) OVER {ordered}",
        f"{name}_outside_all": f"sum(n_outside) OVER {by_group}",
    }
    last = {f"{name}_unsafe_rank": f"maxIf({name}_rank, is_unsafe_{name}) OVER {by_group}"}
    enough = (
        f"{name}_rank >= greatest({name}_unsafe_rank, 2) AND {name}_n_until >= {_K} "
        f"AND ({name}_outside_until >= {_K} OR {name}_outside_all = 0)"
    )
    stop = {f"{name}_stop": f"minIf({name}_rank, {enough}) OVER {by_group}"}
    hidden = {
        f"is_hidden_{name}": f"{name}_unsafe_rank > 0 AND ({name}_stop = 0 OR {name}_rank <= {name}_stop)",
    }
    return [sums, unsafe, ranks, last, stop, hidden]
