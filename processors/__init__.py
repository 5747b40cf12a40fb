"""The worker's side: from Kafka records to rows of the ledger, one step a module.

Imports only run downwards: worker (the process) → loop (store exactly once) → pipeline → steps and state → ledger → values. A part may
import from any part below it; steps and state do not import each other.
"""

if __name__ != "touchline.processors":
    # Under its short name the folder would be a second package, with a second copy of every class.
    raise ImportError(f"import touchline.processors, not {__name__}: the folder is a part of the package touchline")
