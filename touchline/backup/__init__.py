"""Backups of what ClickHouse holds, by FREEZE, and the way back.

    backup:   FREEZE ledger, then reference tables ─▶ copy the frozen parts ─▶ manifest ─▶ UNFREEZE
    restore:  schema as it was ─▶ ledger aside ─▶ attach parts ─▶ check ─▶ void every fence ─▶ ledger back ─▶ newer migrations

A frozen ledger is a prefix of each stream, for an insert is one part and the inserts of a stream follow each other. So its marks are
true, and Kafka fills the rest.
"""
