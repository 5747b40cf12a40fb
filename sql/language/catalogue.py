"""The KPI catalogue (`kpis.yaml`) as checked values: the only place where a KPI is defined.

Projections, views, comments and docs/kpis.md are generated from it (`touchline.sql.generate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Additivity = Literal["sum", "distinct", "histogram", "derived"]
Interval = Literal["adjusted_wald", "wilson", "student_t"]
Kind = Literal["net", "share", "mean"]

REVERSED: Final = "_reversed"
"""How the names of formulas end that are mirrored."""
_INTERVALS_OF: dict[Kind, Interval] = {"net": "adjusted_wald", "share": "wilson", "mean": "student_t"}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CountKpi(_Entry):
    """A KPI that is counted from touchpoints. `views` are the marts that show it, `api_views` the views with arguments."""

    id: str
    name: str
    unit: str
    additivity: Additivity
    formula: str
    views: tuple[str, ...]
    source: str
    interval: Interval | None = None
    api_views: tuple[str, ...] = ()


class Variant(_Entry):
    """One published formula of a survey KPI, defined on one scale.

    `positive` and `negative` are the scores of the good and the bad class, ends included; what is in neither is neutral. The value of
    a `net` variant is 100 (positive - negative) / n, of a `share` 100 positive / n, of a `mean` sum of scores / n. The scale is written
    from its bad end to its good one, as answers declare it.
    """

    id: str
    scale: tuple[int, int]
    kind: Kind
    unit: str
    range: tuple[int, int]
    positive: tuple[int, int]
    negative: tuple[int, int]
    names: tuple[str, str, str]
    formula: str
    interval: Interval
    source: str

    @property
    def has_low_scores_good(self) -> bool:
        """Whether the good scores are the low ones, as of an effort."""
        return self.positive < self.negative

    @property
    def is_low_good(self) -> bool:
        """Whether low values are good: means of such scores. Shares and nets count the good class, wherever it lies on the scale."""
        return self.kind == "mean" and self.has_low_scores_good

    @property
    def ends(self) -> tuple[int, int]:
        """Lowest and highest score of the scale."""
        return (min(self.scale), max(self.scale))

    def reversed(self) -> Variant:
        """The same formula on the scale that is declared the other way round: a score counts as its mirror image does."""
        low, high = self.ends

        def mirrored(ends: tuple[int, int]) -> tuple[int, int]:
            return (low + high - ends[1], low + high - ends[0])

        return self.model_copy(
            update={
                "id": f"{self.id}{REVERSED}",
                "scale": self.scale[::-1],
                "positive": mirrored(self.positive),
                "negative": mirrored(self.negative),
                "formula": f"as {self.id}, where {low} is the good end and {high} the bad one",
                "source": f"{self.id}, mirrored",
            }
        )

    @model_validator(mode="after")
    def _interval_fits_the_kind(self) -> Self:
        if self.interval != _INTERVALS_OF[self.kind]:
            raise ValueError(f"variant {self.id}: a {self.kind} takes the interval {_INTERVALS_OF[self.kind]}")
        return self


class SurveyKpi(_Entry):
    """A KPI of answers, with its formula variants. Below `small_n` answers a number is flagged. `is_mirrored` adds to each variant on which
    high scores are good the one of the scale that is declared the other way round."""

    id: str
    name: str
    question: str
    variants: tuple[Variant, ...]
    small_n: Annotated[int, Field(ge=2)] = 30
    is_mirrored: bool = False

    @model_validator(mode="before")
    @classmethod
    def _mirror(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("is_mirrored") is not True:
            return given
        written = [Variant.model_validate(one) for one in given["variants"]]
        mirrored = [one.reversed() for one in written if not one.has_low_scores_good]
        return {**given, "variants": [*written, *mirrored]}

    @model_validator(mode="after")
    def _variants_differ(self) -> Self:
        if len({variant.id for variant in self.variants}) < len(self.variants):
            raise ValueError(f"KPI {self.id}: two variants have the same id")
        return self

    def defaults(self) -> dict[tuple[int, int], Variant]:
        """By scale, the variant of an answer that names none: the first one on that scale."""
        found: dict[tuple[int, int], Variant] = {}
        for variant in self.variants:
            found.setdefault(variant.scale, variant)
        return found


class Catalogue(_Entry):
    """All KPIs. `split_k`: below so many answers a number by who answered, or where, is suppressed. `compared_min`: so many journeys with a
    good and with a bad experience a comparison of their conversions needs.
    `asked_small_n`: response rates of less than so many are flagged."""

    split_k: Annotated[int, Field(ge=3)] = 5
    compared_min: Annotated[int, Field(ge=2)] = 10
    asked_small_n: Annotated[int, Field(ge=2)] = 30
    counts: tuple[CountKpi, ...]
    surveys: tuple[SurveyKpi, ...]

    def variants(self) -> Iterator[tuple[SurveyKpi, Variant]]:
        """Every variant of every survey KPI, in the order of the catalogue."""
        return ((kpi, variant) for kpi in self.surveys for variant in kpi.variants)


@cache
def load_catalogue() -> Catalogue:
    """The catalogue of this release."""
    return Catalogue.model_validate(yaml.safe_load((files("touchline.sql") / "kpis.yaml").read_text("utf-8")))
