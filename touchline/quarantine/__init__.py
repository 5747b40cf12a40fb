"""Quarantine that comes back: what is kept out, why, what its bytes are, and how it ends.

    entries (ledger) → keep (decrypt) → judge (present contract) → replay: Kafka, the ordinary way → worker → fate → settle

Nothing in the ledger is changed: a worker alone writes its stream. That a record needs nobody any more is appended to a table of its
own, and only after the ledger has its event: so a run that is cut off leaves the entry open, and the next run finds the event there.
"""
