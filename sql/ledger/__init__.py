"""How views read the ledger: which rows count, its projections, and the journeys and stays that are put together of its rows."""
