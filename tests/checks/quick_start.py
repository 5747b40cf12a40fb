"""The quick start as it is written, the demo's year of data included: `./run check quick_start`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.documents import ROOT
from tests.support.walking import Walk
from touchline.local.java import ensure_jars
from touchline.settings import load_settings

QUICK_START = ROOT / "docs" / "quick-start.md"
DEMO_SECONDS = 1_200


def main() -> None:
    """Run the check; its last line is the verdict."""
    check_parser("quick_start", __doc__).parse_args()
    end_with_verdict(check)


def check() -> str:
    """How many commands were typed; raises AssertionError at the first that prints something else than the document shows."""
    jars = load_settings().local_dir / "kafka" / "jars"
    ensure_jars(jars)
    with tempfile.TemporaryDirectory(prefix="quick-start-") as folder:
        walk = Walk(Path(folder), jars, step_seconds=DEMO_SECONDS)
        try:
            typed = walk.document(QUICK_START)
        finally:
            walk.type("./run down")
    return f"{typed} commands of the quick start print what it shows"


if __name__ == "__main__":
    main()
