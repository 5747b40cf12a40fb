"""Where the stories are played: a stack in a folder of its own, so that no number of other data changes by what is simulated.

The folder is a project folder, too: `TOUCHLINE_PROJECT_DIR=<folder> ./run up` starts what was played, with its maps and rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from scripts.stories import launch, shoe, support, tacos
from touchline.local.ports import LOOPBACK, free_ports
from touchline.local.stack import SECRETS
from touchline.settings import Settings

FOLDER: Final = "stories"
HERE: Final = Path(__file__).parent
OWN_MAPS: Final = tuple(str(HERE / "maps" / f"{name}.yaml") for name in ("shop", "taqueria"))
SHIPPED_MAPS: Final = ("five_stages", "five_stages_service", "six_stages_loyalty")
"""Each asks by a policy of its own: effort early and recommendation after the order; one score; recommendation everywhere."""
ALERTS: Final = "stories-alerts"
PLAYED: Final = "played.json"
FILES: Final[Mapping[str, object]] = {
    "maps": [*OWN_MAPS, *SHIPPED_MAPS],
    "sources_file": HERE / "sources.yaml",
    "care_rules_file": HERE / "care.yaml",
    "survey_policy": str(HERE / "policy.yaml"),
    "surveys_visitor_requests_per_second": 1000.0,
    "surveys_asks_per_second": 1000.0,
    "company_zone": "UTC",
    "care_poll_seconds": 0.25,
    "care_since": "2000-01-01T00:00:00Z",  # what is played happened before care's first start
}
_PORTS: Final = (
    "clickhouse_port",
    "clickhouse_http_port",
    "kafka_bootstrap",
    "collector_port",
    "surveys_port",
    "dashboard_port",
)


def stories_settings(settings: Settings, find_ports: Callable[[int], list[int]] = free_ports) -> Settings:
    """Those of the stories' own stack, below the local_dir of these. Its ports are found once, and kept in the folder's touchline.toml."""
    folder = settings.local_dir.resolve() / FOLDER
    changes: dict[str, object] = {
        "project_dir": folder, "local_dir": folder, "state_dir": folder / "state", "care_dir": folder / "care", "partitions": 1,
        "erasure_register_file": folder / "erasures.json",
    }  # fmt: skip
    changes |= {f"{name}_file": folder / "secrets" / name for name in SECRETS}
    return settings.with_changes(**changes, **FILES, **_ports(folder, find_ports))


def write_project(settings: Settings, jars: Path) -> None:
    """touchline.toml by which every command finds this stack; `jars` are Kafka's, which both stacks share."""
    folder = settings.local_dir
    names = (
        "local_dir",
        "state_dir",
        "care_dir",
        "partitions",
        "erasure_register_file",
        *(f"{name}_file" for name in SECRETS),
    )
    lines = [f"{name} = {_as_toml(getattr(settings, name))}" for name in (*names, *FILES, *_PORTS)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "touchline.toml").write_text("\n".join(["# Of `./run demo`.", *lines, ""]), encoding="utf-8")
    link = folder / "kafka" / "jars"
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(jars)


def begin_of_what_was_played(settings: Settings) -> date | None:
    """Day 0 of the stories that were played to their end here; None where none, or others, were."""
    try:
        played = json.loads((settings.local_dir / PLAYED).read_text(encoding="utf-8"))
        begins = date.fromisoformat(played["begins"])
        return begins if played["events"] == len(all_events(begins)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(settings: Settings, begins: date) -> None:
    """For the next time."""
    said = {"begins": begins.isoformat(), "events": len(all_events(begins))}
    (settings.local_dir / PLAYED).write_text(json.dumps(said), encoding="utf-8")


def all_events(begins: date) -> list[dict[str, Any]]:
    """What is sent of all stories before anybody acts."""
    return [*shoe.events(begins), *launch.events(begins), *support.events(begins), *tacos.regulars(begins)]


def _ports(folder: Path, find_ports: Callable[[int], list[int]]) -> dict[str, object]:
    try:
        kept = dict(
            line.split(" = ", 1)
            for line in (folder / "touchline.toml").read_text(encoding="utf-8").splitlines()
            if " = " in line
        )
        return {name: json.loads(kept[name]) for name in _PORTS}
    except (OSError, ValueError, KeyError):
        native, http, collector, surveys, dashboard, kafka, _controller = find_ports(len(_PORTS) + 1)
        return dict(zip(_PORTS, (native, http, f"{LOOPBACK}:{kafka}", collector, surveys, dashboard), strict=True))


def _as_toml(value: object) -> str:
    """JSON's texts, numbers and lists are TOML's."""
    return json.dumps(value if isinstance(value, int | float | list) else str(value), ensure_ascii=False)
