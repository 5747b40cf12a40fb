"""Days as options take them."""

from __future__ import annotations

from datetime import date

from touchline.errors import WrongUsage


def day_of(text: str, option: str, example: str) -> date:
    """A day written YYYY-MM-DD. Raises WrongUsage that names the option, with the example."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option} is not a day", f"write it as YYYY-MM-DD, for example {option} {example}") from None
