"""The sender's side: from a program's own events to acknowledged Kafka records."""

if __name__ != "touchline.producers":
    # Under its short name the folder would be a second package, with a second copy of every class.
    raise ImportError(f"import touchline.producers, not {__name__}: the folder is a part of the package touchline")
