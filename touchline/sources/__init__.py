"""Connecting a source: its entry in sources.yaml, its write keys, and what became of its last events."""
