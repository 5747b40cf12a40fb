"""Schedules of asks over the product's own decisions, and an oracle that knows the rules only by their words."""
