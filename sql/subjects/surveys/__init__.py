"""Survey KPIs: from rows of scores to cells, values, trends and series."""
