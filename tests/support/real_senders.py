"""SDKs of other tools in an environment of their own, the programs that call them, and what must come of each."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.sdks import sdk_command

PROGRAMS: Final = Path(__file__).parents[1] / "integration" / "senders"
AT_ONCE: Final = 4

VIEW, SCREEN, PRODUCT = ("web_page", "view"), ("app_screen", "view"), ("product_view", "view")
BOUGHT, REFUND = ("purchase", "purchase"), ("purchase", "refund")
GROUP, CART, NAMED = ("group", "join"), ("cart", "view"), ("identify", "")
"""A call that only says who somebody is, with nothing to link."""
MAIL, ANONYMOUS, LOGIN = "mail", "anonymous", "login"


class Sender(NamedTuple):
    """A program and its source; the touchpoints with their actions, each of one event; what is linked, at least."""

    program: str
    source: str
    touchpoints: Sequence[tuple[str, str]]
    links: frozenset[str] = frozenset((ANONYMOUS, MAIL))

    @property
    def key(self) -> str:
        return f"{self.source}.{'a' * 64}"


_SHOP: Final = (VIEW, SCREEN, PRODUCT, BOUGHT, REFUND, GROUP)
_SNOWPLOW: Final = (VIEW, SCREEN, PRODUCT, BOUGHT, REFUND, CART, ("add_to_cart", "add"), ("page_ping", ""))
_AMPLITUDE: Final = (VIEW, PRODUCT, BOUGHT, REFUND, GROUP, ("revenue_amount", ""))
_MIXPANEL: Final = (PRODUCT, BOUGHT, REFUND, GROUP, CART, NAMED, ("account_page", "sign_in"))
_MATOMO: Final = (
    *(VIEW, PRODUCT, BOUGHT, ("search", "search"), ("goal_3", "")),
    *(("download", ""), ("link", ""), ("impression", "")),
)
SENDERS: Final = (
    Sender("segment_python.py segment", "segment-python", _SHOP),
    Sender("segment_python.py rudderstack", "rudder-python", _SHOP),
    Sender("segment_node.mjs", "segment-node", _SHOP),
    Sender("rudder_node.mjs", "rudder-node", _SHOP),
    Sender("posthog_python.py", "posthog-python", (*_SHOP, NAMED)),
    Sender("posthog_node.mjs", "posthog-node", (*_SHOP, NAMED)),
    Sender("snowplow_python.py", "snowplow-python", _SNOWPLOW, frozenset((ANONYMOUS,))),
    Sender("snowplow_node.mjs", "snowplow-node", (*_SNOWPLOW, ("purchased_item", "")), frozenset((ANONYMOUS,))),
    Sender("amplitude_python.py", "amplitude-python", _AMPLITUDE),
    Sender("amplitude_node.mjs", "amplitude-node", _AMPLITUDE),
    Sender("mixpanel_python.py", "mixpanel-python", _MIXPANEL),
    Sender("mixpanel_node.mjs", "mixpanel-node", _MIXPANEL),
    Sender("matomo_node.mjs", "matomo-node", _MATOMO, frozenset((ANONYMOUS,))),
)
OF_CLOUD_EVENTS: Final = (
    Sender("cloudevents_python.py", "cloudevents-python", ()),
    Sender("cloudevents_node.mjs", "cloudevents-node", ()),
)
ALL: Final = (*SENDERS, *OF_CLOUD_EVENTS)


def run(sender: Sender, url: str) -> dict[str, Any]:
    """What the program says of itself."""
    file, *arguments = sender.program.split()
    command = [*sdk_command(PROGRAMS / file), *arguments]
    ran = subprocess.run(
        [*command, url, sender.key, sender.source], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def run_all(url: str) -> dict[str, dict[str, Any]]:
    """What each program says, by its source."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((one.source for one in ALL), pool.map(lambda one: run(one, url), ALL), strict=True))
