"""Rows of files that somebody else wrote, one at a time: CSV, NDJSON, Parquet, .xlsx. A row that cannot be read is a value, not an end."""
