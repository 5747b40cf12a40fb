"""Campaign sends: one touchpoint event for each household that a campaign was sent to, at the campaign's start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from touchline.errors import TouchlineError
from touchline.producers.imports.retail.data_set import REQUIREMENT, ZONE, read_records, start_of_day
from touchline.producers.imports.retail.households import Household, with_segment

SOURCE: Final = "retail-crm"
TOUCHPOINT: Final = "campaign_mailing"


def read_mailings(folder: Path, households: dict[str, Household]) -> Iterator[dict[str, Any]]:
    """The sends in the order of the file. The customer register knows the household: what it knows stands in the properties. Raises
    WrongUsage where a file is not the expected one, TouchlineError where a campaign is not described."""
    described = read_records(
        folder / "campaign_descriptions.parquet", ("campaign_id", "campaign_type", "start_date", "end_date")
    )
    campaigns = {row["campaign_id"]: row for row in described}
    for row in read_records(folder / "campaigns.parquet", ("campaign_id", "household_id")):
        campaign = campaigns.get(row["campaign_id"])
        if campaign is None:
            raise TouchlineError("a campaign is not described", f"install {REQUIREMENT} again")
        household = str(row["household_id"])
        facts = households[household].facts if household in households else {}
        event = {
            "type": "touchline.touchpoint.v1",
            "id": f"{row['campaign_id']}-{household}",
            "source": SOURCE,
            "time": start_of_day(campaign["start_date"]),
            "identifiers": [("household", household)],
            "touchpoint": TOUCHPOINT,
            "action": "send",
            "channel": "post",
            "zone": ZONE,
            "campaign": str(row["campaign_id"]),
            "properties": {
                "campaign_type": campaign["campaign_type"],
                "campaign_ends": campaign["end_date"].date().isoformat(),
                **facts,
            },
        }
        yield with_segment(event, household, households)
