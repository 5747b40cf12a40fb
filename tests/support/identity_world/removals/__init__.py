"""What takes single safety steps out of the worker, or of what ClickHouse does for it."""
