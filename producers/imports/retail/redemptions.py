"""Coupons that households redeemed: one touchpoint event each, on the day of the redemption."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from touchline.producers.imports.retail.data_set import ZONE, read_records, start_of_day
from touchline.producers.imports.retail.households import Household, with_segment

SOURCE: Final = "retail-coupons"
TOUCHPOINT: Final = "coupon"
_COLUMNS: Final = ("household_id", "coupon_upc", "campaign_id", "redemption_date")


def read_redemptions(folder: Path, households: dict[str, Household]) -> Iterator[dict[str, Any]]:
    """The redemptions in the order of the file; campaign, coupon, household and day name each of them. In which store it was the data
    set does not say. Raises WrongUsage where the file is not the expected one."""
    for row in read_records(folder / "coupon_redemptions.parquet", _COLUMNS):
        household, day = str(row["household_id"]), row["redemption_date"].date()
        event = {
            "type": "touchline.touchpoint.v1",
            "id": f"{row['campaign_id']}-{row['coupon_upc']}-{household}-{day}",
            "source": SOURCE,
            "time": start_of_day(day),
            "identifiers": [("household", household)],
            "touchpoint": TOUCHPOINT,
            "action": "redeem",
            "channel": "store",
            "zone": ZONE,
            "campaign": str(row["campaign_id"]),
            "properties": {"coupon_upc": str(row["coupon_upc"])},
        }
        yield with_segment(event, household, households)
