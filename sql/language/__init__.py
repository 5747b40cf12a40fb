"""Words of which views are made: columns, selections, formulas, small cells. Nothing here reads a row of the ledger."""
