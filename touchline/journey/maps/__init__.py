"""A map as its author sees it: checked, and shown on a terminal."""
