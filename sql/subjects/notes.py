"""What charts are annotated with: initiatives that events report, and the dated remarks of the maps."""

from __future__ import annotations

from collections import defaultdict

from touchline.schemas.events import INITIATIVE
from touchline.schemas.money import CURRENCY_EXPONENTS
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.rows import NET_ROWS, is_shown, rows_of_ledger

_CURRENCY = "properties['cost_currency']"


def _exponent() -> str:
    """Decimal places of the minor unit by ISO 4217; 2 where not listed here."""
    codes: dict[int, list[str]] = defaultdict(list)
    for code, exponent in CURRENCY_EXPONENTS.items():
        codes[exponent].append(code)
    named = ((exponent, ", ".join(f"'{code}'" for code in sorted(codes[exponent]))) for exponent in (0, 3, 4))
    return f"multiIf({', '.join(f'{_CURRENCY} IN ({listed}), {exponent}' for exponent, listed in named)}, 2)"


def _time(name: str) -> str:
    return f"parseDateTime64BestEffortOrNull(properties['{name}'], 6, 'UTC')"


def _property(name: str, comment: str) -> tuple[str, str, str]:
    return ("Nullable(String)", comment, f"nullIf(properties['{name}'], '')")


INITIATIVES = View(
    "initiatives",
    "One row per initiative at a touchpoint: what the company changed there, from when to when",
    chosen("source", "event_id", "revision", "touchpoint", "is_simulated")
    | own(
        {
            "initiative": (
                "String",
                "The initiative, as the map names it (initiatives.id of a stage or touchpoint)",
                "properties['initiative']",
            ),
            "starts_at": ("Nullable(DateTime64(6, 'UTC'))", "From when it holds (UTC)", _time("starts_at")),
            "ends_at": ("Nullable(DateTime64(6, 'UTC'))", "Until when (UTC); NULL when it goes on", _time("ends_at")),
            "cost": (
                "Nullable(Decimal(18, 4))",
                "What it costs, in units of the currency; NULL when not said",
                "accurateCastOrNull(toDecimal128OrNull(properties['cost_minor'], 4) "
                f"/ toDecimal128(intExp10({_exponent()}), 0), 'Decimal(18, 4)')",
            ),
            "currency": _property("cost_currency", "ISO 4217 currency of the cost; NULL without one"),
            "owner": _property("owner", "Role that answers for it; NULL when not said"),
            "expected_kpi": _property("expected_kpi", "KPI that it should move; NULL when not said"),
            "reported_at": ("DateTime64(6, 'UTC')", "When it was reported (UTC)", "event_time"),
        }
    ),
    rows_of_ledger(f"kind = 'received' AND fate = 'stored' AND event_type = '{INITIATIVE}'\n      AND {NET_ROWS}"),
)


def _note(name: str) -> str:
    return f"JSONExtractString(note, '{name}')"


def _if_said(name: str) -> str:
    return f"nullIf({_note(name)}, '')"


ANNOTATIONS = View(
    "annotations",
    "Dated remarks of the journey maps, one row each: campaigns, incidents, initiatives, for charts",
    chosen("map", "map_version", map_version="version")
    | own(
        {
            "date": ("Date", "First day", f"toDate({_note('date')})"),
            "until": ("Nullable(Date)", "Last day; NULL for a single day", f"toDateOrNull({_note('until')})"),
            "text": ("String", "The remark", _note("text")),
            "touchpoint": (
                "Nullable(String)",
                "Touchpoint that it is about; NULL for no single one",
                _if_said("touchpoint"),
            ),
            "stage": ("Nullable(String)", "Stage that it is about; NULL for no single one", _if_said("stage")),
        }
    ),
    f"\n(\n    SELECT * FROM journey_raw.maps WHERE {is_shown('version')} ORDER BY registered_at DESC LIMIT 1 BY map, version\n)\n"
    "ARRAY JOIN JSONExtractArrayRaw(content, 'annotations') AS note",
)
NOTE_VIEWS = (INITIATIVES, ANNOTATIONS)
