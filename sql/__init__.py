"""ClickHouse's side: migrations, the KPI catalogue and the views generated from it."""

if __name__ != "touchline.sql":
    # Under its short name the folder would be a second package, with a second copy of every class.
    raise ImportError(f"import touchline.sql, not {__name__}: the folder is a part of the package touchline")
