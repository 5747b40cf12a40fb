"""From values to what ClickHouse holds: migrations, reference tables, and the documents and grants that follow from the views."""
