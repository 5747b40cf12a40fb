"""The contracts: what a sender may send, as models, generated schemas and examples."""

if __name__ != "touchline.schemas":
    # Under its short name the folder would be a second package, with a second copy of every class.
    raise ImportError(f"import touchline.schemas, not {__name__}: the folder is a part of the package touchline")
