"""The generated pages docs/kpis.md and docs/views.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from touchline.sql.catalogue import load_catalogue
from touchline.sql.event_views import EVENT_VIEWS
from touchline.sql.parameterized import SELECTION, ParameterizedView
from touchline.sql.selection import FILTER_COLUMNS
from touchline.sql.survey_documents import surveys_of_a_selection
from touchline.sql.view_columns import Column
from touchline.sql.views import View

_GENERATED = "<!-- Generated from sql/kpis.yaml by python -m touchline.sql.generate -->\n"


def kpis_page() -> str:
    """What each KPI means, for people."""
    catalogue = load_catalogue()
    counts = "".join(
        f"| `{kpi.id}` | {kpi.name} | {kpi.unit} | {kpi.additivity} | {kpi.formula} | {_listed(kpi.views + kpi.api_views)} |\n"
        for kpi in catalogue.counts
    )
    surveys = "".join(
        f"| `{kpi.id}` | `{variant.id}`{' (default)' if variant in kpi.defaults().values() else ''} | {variant.scale[0]} to "
        f"{variant.scale[1]} | {variant.formula} | {variant.unit} | {variant.interval} | {variant.source} |\n"
        for kpi, variant in catalogue.variants()
    )
    return f"""{_GENERATED}# KPIs

Every number stands with its n, its 95 % interval, its formula variant and its map version. Additivity says how rows may be put
together: `sum` adds up; `distinct` does not (the same person is in several rows: count persons in `journey.touchpoints`); of
`histogram` add the counts per class; of `derived` add numerator and denominator, then divide. All of it within one map and version: every
event stands once under each map that runs, so name the map, also where there is only one now.

## Counted from touchpoints

| KPI | name | unit | additivity | formula | views |
|---|---|---|---|---|---|
{counts}
## From survey answers

An answer counts when it is complete or partial and holds a score on the scale of its variant. An answer that names no variant gets
the default of its KPI on its scale. Relational and transactional answers are never pooled, nor are variants or scales. All are
`derived`, in the marts `kpi_survey_*` and the views below; the period is that of the touchpoint that the answer is about.

| KPI | variant | scale | formula | unit | interval | source |
|---|---|---|---|---|---|---|
{surveys}
## Intervals

- `adjusted_wald` (of a difference of two shares): three made-up answers are added, 3/4 of them positive, 3/4 negative; with the shares
  p and d of those n + 3 answers the bounds are p - d ± 1.96 sqrt((p + d - (p - d)²) / (n + 3)), cut at ±100 points. It draws small
  samples to the middle: of one answer it does not even hold the value (one detractor: -100 points, -98.5 to 48.5).
- `wilson` (of a share): the score interval, never outside 0 to 100 %.
- `student_t` (of a mean): mean ± t s / sqrt(n), cut at the ends of the scale; of one answer the whole scale.

{surveys_of_a_selection(catalogue)}

## From a number to its events

Behind every mart stands `journey_api.<mart>_events`: one row per event and cell, under the mart's own dimension columns, with what the
event adds. Filter it as you filtered the mart. The sums are the mart's numbers; a view of a cell and the list of its events cannot
disagree, since both are made from one definition.

| mart | its events | what an event adds |
|---|---|---|
{_behind()}
Who the detractors of a day are, at one touchpoint:

```sql
SELECT event_time, source, event_id, person FROM journey_api.kpi_survey_1d_events
WHERE map = 'retail' AND kpi = 'nps' AND bucket = '2026-03-01' AND touchpoint = 'till' AND n_negative = 1
```

The same number twice, from the mart and from its events:

```sql
SELECT 100 * sum(numerator) / sum(denominator) FROM journey.kpi_survey_1d
WHERE map = 'retail' AND kpi = 'nps' AND scope = 'transactional'
```

```sql
SELECT 100 * sum(numerator) / sum(denominator) FROM journey_api.kpi_survey_1d_events
WHERE map = 'retail' AND kpi = 'nps' AND scope = 'transactional'
```

The other way round, `touchline trace SOURCE ID --json` lists the cells of one event, each with the query for all of its events.

## Percentiles of waits

`kpi_wait_1d` is a histogram: add up `events` of any days, stages or touchpoints, then take the percentile. It is known to one class,
since classes are powers of two: at least 90 % of the waits of a touchpoint are shorter than this query's answer.

```sql
SELECT touchpoint, quantileExactWeighted(0.9)(wait_below_seconds, toUInt64(events)) AS p90_below_seconds, sum(events) AS waits
FROM journey.kpi_wait_1d WHERE map = 'retail' GROUP BY touchpoint
```

## Journeys of a selection

Views with arguments ([views.md](views.md#views-with-arguments)) tell of whole journeys: the filter chooses which. How far those came that
touched the web in January, and how many of them may still go on:

```sql
SELECT stage, reached, advanced, dropped, open, numerator, denominator, rate, ci_low, ci_high
FROM journey_api.funnel(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-01-31',
    filter = map('is_online', ['1']), as_of = now(), mode = 'in_order')
ORDER BY stage_order
```

`reached` is `advanced` + `dropped` + `open` at every stage. The rate counts journeys whose window is over, so that the slow ones had their
time, too; its numerator and denominator stand beside it. `as_of` says from when one looks; it hides no event. With `mode = 'any'` a stage
counts as reached with it or a later one.

The journeys behind the number of those that dropped out at the second stage, with their way:

```sql
SELECT person, cycle, started_at, last_at, path
FROM journey_api.journeys(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-01-31',
    filter = map('is_online', ['1']), as_of = now())
WHERE depth = 2 AND state != 'open' ORDER BY last_at DESC LIMIT 100
```

How they go on from each stage, with those that have not yet, and the five most frequent ways into a journey:

```sql
SELECT value, n_followed, n_open, open_share, p50_seconds, p90_seconds
FROM journey_api.waits(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-01-31', filter = map(),
    as_of = now(), by = 'stage')
```

```sql
SELECT to_node, journeys, share
FROM journey_api.paths(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-01-31', filter = map(),
    as_of = now(), by = 'touchpoint', steps = 1, top = 5)
ORDER BY journeys DESC
```

A path holds every selected journey in each step, so the shares of a step add up to 1: what is beyond `top` is `(other)`, a journey that has
no more touchpoints is at `(end)`, or `(open)` while it may go on. Tools that give no arguments read `journey.kpi_dwell` and
`journey.path_edges`: all journeys, as of the newest event.
"""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _behind() -> str:
    return "".join(
        f"| `{one.mart}` | `{one.view.full_name}` | {', '.join(f'`{name}`' for name in one.adds)} |\n"
        for one in EVENT_VIEWS
    )


def views_page(views: Iterable[View], event_views: Iterable[View], api_views: Iterable[ParameterizedView]) -> str:
    """Every view and column that readers see."""
    return f"""{_GENERATED}# Views

All that BI tools read. Times are UTC, `local_date` and daily buckets are days of the place. NULL means: not known, or not there.

# Schema `journey`

{chr(10).join(map(_section, views))}
# Schema `journey_api`

The events behind every number: `<mart>_events` has the dimension columns of the mart, the event, and what it adds to the cell.
[kpis.md](kpis.md#from-a-number-to-its-events) has examples.

{chr(10).join(map(_section, event_views))}
# Views with arguments

Also in `journey_api`. What a reader selects is given as arguments, all of them each time, so that a chart, the list behind it, the journey
map page and a BI tool ask one question:

```sql
SELECT * FROM journey_api.survey_total(map = 'retail', map_version = 2, date_from = '2026-01-01', date_to = '2026-01-28',
    filter = map('channel', ['web', 'app'], 'persona', ['regular']), before_from = '2025-12-04', before_to = '2025-12-31')
```

`filter` selects touchpoint events, and answers by the touchpoint that they are about; `map()` selects all. Its keys are
{", ".join(f"`{key}`" for key in FILTER_COLUMNS)}; another key is an error, and '' is what is not known. A person's
journey is selected when at least one of its touchpoint events is, and is then told whole.
ClickHouse lists no columns of such a view; they stand here.

{chr(10).join(map(_api_section, api_views))}"""


def _section(view: View) -> str:
    return f"## {view.name}\n\n{view.comment}.\n\n{_columns('column', {name: column for name, (column, _) in view.columns.items()})}"


def _api_section(view: ParameterizedView) -> str:
    own = {name: column for name, column in view.parameters.items() if SELECTION.get(name) != column}
    common = [f"`{name}`" for name in view.parameters if name not in own]
    parameters = f"Arguments: {', '.join(common)}" + (f"; and\n\n{_columns('argument', own)}" if own else ".\n")
    columns = _columns("column", {name: column for name, (column, _) in view.columns.items()})
    return f"## {view.name}\n\n{view.comment}.\n\n{parameters}\n{columns}"


def _columns(head: str, columns: Mapping[str, Column]) -> str:
    rows = "".join(f"| `{name}` | {column.type} | {column.comment} |\n" for name, column in columns.items())
    return f"| {head} | type | meaning |\n|---|---|---|\n{rows}"
