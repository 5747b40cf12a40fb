"""The ledger: its protocol, ClickHouse and an in-memory twin behind it, and how rows become columns."""
