"""The report: touchpoints, KPIs and stages of each map at a glance."""
