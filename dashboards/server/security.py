"""Headers of every answer, and who may ask: a page of another name that leads here (DNS rebinding) may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from touchline.service.health import PATHS
from touchline.service.problem import RequestRefused
from touchline.settings import Settings

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
SNAPSHOT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The map as one file has its style within, and nothing else."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOCAL: Final = frozenset(("localhost", "127.0.0.1", "::1"))


class Names:
    """The host names under which the server answers."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = {*_LOCAL, settings.dashboard_host.lower(), *(one.lower() for one in settings.dashboard_names)}

    def require(self, path: str, host: str | None) -> None:
        """Raises RequestRefused unless the Host header has one of them; ports do not matter."""
        # Probes and scrapers use whatever address they have; nothing there is worth a rebinding.
        if path not in PATHS and host_name(host or "") not in self._allowed:
            raise RequestRefused(
                421,
                "the server does not answer under this name",
                "open it as localhost, or add the name to dashboard_names",
            )


def require_own_page(headers: Mapping[str, str]) -> None:
    """Raises RequestRefused when another page asks through its visitor's browser, which could not read the answer but would cost queries:
    of another site, or of this one at another port or name. A link from there may be followed; a frame is none."""
    is_own = headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    is_followed = (
        headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest", "document") == "document"
    )
    if not is_own and not is_followed:
        raise RequestRefused(403, "another page may not ask", "open the dashboard itself")


def host_name(header: str) -> str:
    """The name in a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.rpartition(":")[0].lower() if header.count(":") == 1 else header.lower()
