"""The part of docs/kpis.md about survey KPIs of a selection: how they are asked for, what they compare, what is hidden."""

from __future__ import annotations

from touchline.sql.catalogue import Catalogue


def surveys_of_a_selection(catalogue: Catalogue) -> str:
    """Markdown."""
    by_number: dict[int, list[str]] = {}
    for kpi in catalogue.surveys:
        by_number.setdefault(kpi.small_n, []).append(f"`{kpi.id}`")
    small = ", ".join(f"{number} ({', '.join(names)})" for number, names in sorted(by_number.items()))
    k = catalogue.split_k
    return f"""A number of few answers is flagged, not hidden: `is_small_n` below {small}.

## Survey KPIs of a selection

The views `journey_api.survey_*` and `journey_api.impact` take what a reader selects as arguments
([views.md](views.md#views-with-arguments) has their columns), as the journey map page does. At a glance, a month against the one
before:

```sql
SELECT touchpoint, stage, kpi, n, value, ci_low, ci_high, change, trend, target, target_verdict
FROM journey_api.survey_by_touchpoint(map = 'retail', map_version = 3, date_from = '2017-12-01', date_to = '2017-12-31',
    filter = map('channel', ['store']), before_from = '2017-11-01', before_to = '2017-11-30')
ORDER BY stage_order, touchpoint, kpi
```

- `trend` is `up` or `down` only where the 95 % interval of the change leaves zero out; else it says `no proof of change`. Of a
  difference of shares both periods are adjusted as for their own interval, then Wald; of shares and means the two intervals give that
  of the change (Newcombe's hybrid score; Zou and Donner 2008). Answers to a mean that are all alike are taken to spread like those of
  the other period, and at least by the change: two of two prove nothing.
- `target` is that of the map's question; `target_verdict` is `met` or `missed` only where the whole interval is on one side.

Over time, by hour, local day, week (from Monday), month, or rolling windows, which look back beyond the first day:

```sql
SELECT bucket, kpi, n, value, ci_low, ci_high
FROM journey_api.survey_over_time(map = 'retail', map_version = 3, date_from = '2017-10-01', date_to = '2017-12-31',
    filter = map('touchpoint', ['store_purchase']), grain = 'rolling_28d')
WHERE kpi = 'nps' AND scope = 'transactional' ORDER BY bucket
```

Without arguments: `journey.touchpoint_glance` has the last 28 days of the default map against the 28 before, with events, persons,
drop-off and revenue beside the KPIs. Every map at once: `journey.kpi_survey_1w`, `_1mo`, `_rolling_7d`, `_rolling_28d`.
All of them restate themselves when late answers land.

Where to act:

```sql
SELECT rank, touchpoint, kpi, value, target, gap, journeys, conversion_good, conversion_bad, difference_low, difference_high, is_flagged
FROM journey_api.impact(map = 'retail', map_version = 3, date_from = '2017-10-01', date_to = '2017-12-31', filter = map())
ORDER BY rank LIMIT 10
```

`gap` = (target - value) / range of the KPI. `difference` = share of converted journeys among those with a good experience at the
touchpoint less that among those with a bad one (an answer of the bad class; good: of the good class and none of the bad), with
Newcombe's interval; an answer belongs to the journey that ran when its touchpoint happened. `impact` = journeys through the touchpoint
× difference, `score` = impact × gap, where there is a gap. Flagged is what misses its target beyond doubt.
Answers are observations: a difference is
consistent with an effect and proves none, and at a touchpoint that is itself the conversion there is none to see.

### Small cells

Split by who answered or where (`brand`, `place`, `persona`, `segment`, as filter or as what `survey_split` splits by), a number of less
than {k} answers is suppressed, and so is one that leaves out 1 to {k - 1} of the answers that are shown without the split: `is_suppressed`
= 1, and n and all numbers are NULL.

```sql
SELECT split_value, is_other, kpi, n, value, ci_low, ci_high, is_suppressed
FROM journey_api.survey_split(map = 'retail', map_version = 3, date_from = '2017-10-01', date_to = '2017-12-31',
    filter = map(), by = 'persona')
```

Where cells add up to a total that is shown (touchpoints to a stage, stages to all; the values of a split; the buckets of a time
series), the next smallest are hidden, too, until the hidden ones together are safe: what is shown cannot be subtracted to what is not.
`survey_split` has the sum of the hidden ones as a row of its own (`is_other` = 1). Rolling windows overlap, so a series with an unsafe
window is hidden as a whole.

What this protects: the answers to one selection, the same with and without its splits. What it does not: whoever may ask many questions
can subtract the answers to one from those to another (a period a day longer, one touchpoint more, two dimensions crossed); nor that a
group answered alike. Volumes are not protected. `journey.answers`, `journey.kpi_survey_1d` and the lists of events show single answers:
the role `touchline_viewer` does not see them."""
