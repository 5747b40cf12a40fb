"""What people say at a touchpoint: each KPI with its n, interval, trend and target, and what the interval does not prove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from touchline.dashboards.server.snapshot.words import PageWords
from touchline.markup import Child, Markup, tag
from touchline.sql.language.catalogue import REVERSED

Row = Mapping[str, Any]
_TRENDS: Final = {"no significant change": "trend.not_significant", "no answers to compare": "trend.none"}
_VERDICTS: Final = {"met": ("target.met", "good"), "missed": ("target.missed", "bad")}
_WIDTH, _HEIGHT, _MIDDLE = 100, 16, 8


def kpi_block(words: PageWords, row: Row) -> Markup:
    """One KPI. Where it is suppressed, that and no number."""
    head: list[Child] = [tag("strong", _name(words, row)), " ", tag("span", _formula(words, row), class_="muted")]
    if row["is_suppressed"]:
        return tag(
            "div",
            tag("p", head),
            tag("p", badge(words.say("suppressed")), " ", words.say("suppressed.tip")),
            class_="kpi",
        )
    low, high = (words.kpi(row[end], row["unit"]) for end in ("ci_low", "ci_high"))
    value: list[Child] = [
        tag("b", words.kpi(row["value"], row["unit"]), class_="big"),
        f" n {words.whole(row['n'])} · ",
        words.say("interval.is", low=low, high=high),
    ]
    marks = [
        badge(words.say("small_n")) if row["is_small_n"] else None,
        badge(words.say("wordings")) if (row["wordings"] or 0) > 1 else None,
        simulated_badge(words, row),
        _verdict(words, row),
    ]
    return tag(
        "div",
        tag("p", head),
        tag("p", value),
        _range(words, row, low, high),
        tag("p", _trend(words, row), class_="small"),
        tag("p", [[mark, " "] for mark in marks if mark]) if any(marks) else None,
        tag("p", f"“{row['question']}”", class_="small muted") if row.get("question") else None,
        class_="kpi",
    )


def badge(text: str, kind: str = "") -> Markup:
    """A word in a frame."""
    return tag("span", text, class_=f"badge {kind}".strip())


def simulated_badge(words: PageWords, row: Row) -> Markup | None:
    """Says of a row that it is simulated."""
    return badge(words.say("simulated"), "simulated") if row.get("is_simulated") else None


def _name(words: PageWords, row: Row) -> str:
    return words.named(f"kpi.{row['kpi']}", row["kpi"].upper())


def _formula(words: PageWords, row: Row) -> str:
    name = row["variant"].removesuffix(REVERSED)
    variant = words.named(f"variant.{row['kpi']}.{name}", name)
    if name != row["variant"]:
        variant = words.say("variant.reversed", formula=variant)
    scope = words.named(f"scope.{row['scope']}", row["scope"] or "")
    return f"{variant} · {scope}"


def _trend(words: PageWords, row: Row) -> Child:
    trend = row["trend"]
    arrow = "▲" if trend == "up" else "▼"
    said = words.say(_TRENDS[trend]) if trend in _TRENDS else f"{arrow} {words.signed(row['change'])}"
    if row["change"] is None:
        return said
    compared = words.say(
        "trend.tip",
        change=words.signed(row["change"]),
        low=words.signed(row["change_low"]),
        high=words.signed(row["change_high"]),
        before=words.kpi(row["value_before"], row["unit"]),
        n=words.whole(row["n_before"]),
    )
    return [said, tag("span", f" ({compared})", class_="muted")]


def _verdict(words: PageWords, row: Row) -> Markup | None:
    if row["target"] is None or row["target_verdict"] is None:
        return None
    key, tone = _VERDICTS.get(row["target_verdict"], ("target.unproved", ""))
    said = words.say("target.is", target=words.kpi(row["target"], row["unit"])).rstrip(".")
    return badge(f"{words.say(key)} ({said})", tone)


def _range(words: PageWords, row: Row, low: str, high: str) -> Markup | None:
    """Value, interval and target on the KPI's scale, as the page draws them."""
    if row["value"] is None or row["ci_low"] is None:
        return None
    begin, end = float(row["scale_low"]), float(row["scale_high"])

    def at(value: float) -> float:
        return min(max((float(value) - begin) / (end - begin), 0.0), 1.0) * _WIDTH

    def bar(class_: str, left: float, width: float, half: int) -> Markup:
        sides = {"x": f"{left:.2f}", "width": f"{width:.2f}", "y": str(_MIDDLE - half), "height": str(2 * half)}
        return tag("rect", class_=class_, **sides)

    span = bar("span", at(row["ci_low"]), max(at(row["ci_high"]) - at(row["ci_low"]), 0.8), 3)
    target = bar("target", at(row["target"]) - 0.4, 0.8, 8) if row["target"] is not None else None
    label = words.say("interval.label", value=words.kpi(row["value"], row["unit"]), low=low, high=high)
    drawn = [bar("scale", 0, _WIDTH, 1), span, bar("value", at(row["value"]) - 0.9, 1.8, 6), target]
    tone = _VERDICTS.get(row["target_verdict"] or "", ("", "neutral"))[1]
    box = {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "preserveAspectRatio": "none", "role": "img", "aria_label": label}
    return tag("svg", drawn, class_=f"range {tone}", **box)
