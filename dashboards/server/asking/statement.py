"""The SELECT of a question: what the server asks, and what an analyst pastes into any BI tool for the same rows."""

from __future__ import annotations

from touchline.dashboards.server.asking.question import Question


def statement(question: Question, shown: str = "*") -> str:
    """One SELECT, without a format. `shown` stands after SELECT."""
    rows = question.rows
    lines = [f"SELECT {'count() AS count' if rows.is_count else shown}", f"FROM {_source(question)}"]
    if rows.conditions:
        lines.append("WHERE " + "\n  AND ".join(rows.conditions))
    if not rows.is_count:
        if rows.order:
            lines.append(f"ORDER BY {', '.join(rows.order)}")
        if rows.limit is not None:
            lines.append(f"LIMIT {rows.limit}")
        if rows.offset:
            lines.append(f"OFFSET {rows.offset}")
    return "\n".join(lines)


def _source(question: Question) -> str:
    if not question.arguments:
        return question.view.full_name
    listed = ",\n    ".join(f"{name} = {value}" for name, value in question.arguments.items())
    return f"{question.view.full_name}(\n    {listed}\n)"
