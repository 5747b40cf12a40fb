"""Unit tests of touchline/map_changes."""
