"""What a worker remembers of its partitions: a cache over the ledger that may be deleted at any time."""
