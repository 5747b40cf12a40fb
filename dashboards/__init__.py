"""What people look at: the journey map page and its server, and what BI tools import."""

if __name__ != "touchline.dashboards":
    # Under its short name the folder would be a second package, with a second copy of every class.
    raise ImportError(f"import touchline.dashboards, not {__name__}: the folder is a part of the package touchline")
