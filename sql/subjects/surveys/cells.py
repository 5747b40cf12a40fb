"""The answers that a reader selects, summed to cells: the ground of all survey views with arguments.

A cell is one value of the view's own keys, of is_simulated, KPI, variant and scope, and of the period: 0 for the reader's, 1 for the one
that it is compared with. Beside the sums of what the filter selects stands `n_outside`: answers that its splits leave out.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.select import Select
from touchline.sql.language.selection import FILTER_COLUMNS, IN_PERIOD, KNOWN_KEYS, OF_MAP, SPLITS, filtered
from touchline.sql.ledger.projections import ANSWER_KEYS, SURVEY_1D
from touchline.sql.subjects.surveys.values import KPI_KEYS, counted_scores, sums_of

CELL_KEYS: Final = ("period", "is_simulated", *KPI_KEYS)
"""Keys of every cell; the groups within which cells add up to a total."""
IN_PERIOD_BEFORE: Final = "local_date BETWEEN {before_from:Date} AND {before_to:Date}"
SPLIT: Final = filtered(*SPLITS)
REST: Final = filtered(*(key for key in FILTER_COLUMNS if key not in SPLITS))
CARRIED: Final = ("kind", "lowest", "highest", "unit", "small_n", "is_low_good")
"""Columns of the formula of a KPI and variant."""
WORDS: Final = ("question", "question_version")
"""What makes answers comparable: the same question in the same words. In another language it is the same question."""


def selected_cells(keys: dict[str, str], *, is_compared: bool, condition: str = "") -> str:
    """Cells by `keys` (name -> expression over what SURVEY_1D is kept by).

    Columns: the keys, CELL_KEYS, the formula's columns, the sums (SUMS), n_outside, and `words`, the different WORDS that the
    filter selects. Cells of which the filter selects nothing are there with n = 0 as long as answers are outside. `condition` is one more
    on the ledger's rows.
    """
    days = f"({IN_PERIOD} OR {IN_PERIOD_BEFORE})" if is_compared else IN_PERIOD
    chosen = {"is_chosen": f"toInt64({SPLIT})"}
    periods = {"is_now": IN_PERIOD, "is_before": IN_PERIOD_BEFORE} if is_compared else {}
    conditions = "\n    AND ".join((OF_MAP, days, REST, KNOWN_KEYS, *([condition] if condition else [])))
    answers = {name: name for name in ("is_simulated", *ANSWER_KEYS, *WORDS)}
    reading = SURVEY_1D.selecting(conditions, keys | answers | chosen | periods)
    period = "arrayJoin(arrayFilter(one -> [is_now, is_before][one + 1], [0, 1]))" if is_compared else "0"
    return cells_of(counted_scores(reading), tuple(keys), period)


def cells_of(scores: str, keys: tuple[str, ...], period: str) -> str:
    """Rows of scores with `is_chosen`, summed to cells."""
    names = (*keys, *CELL_KEYS)
    chosen = {"*": "*", "chosen_answers": "answers * is_chosen", "period": period}
    columns = {name: name for name in names} | {name: f"any({name})" for name in CARRIED} | sums_of("chosen_answers")
    words = f"({', '.join(f'toString({name})' for name in WORDS)})"
    beside = {
        "n_outside": "sum(answers - chosen_answers)",
        "words": f"groupUniqArrayIf({words}, chosen_answers > 0)",
    }
    return Select(columns | beside, Select(chosen, scores), group_by=names, having=("n > 0 OR n_outside > 0",)).nested()
