"""The trace of one event: its records, its place in journeys, the numbers that count it."""
