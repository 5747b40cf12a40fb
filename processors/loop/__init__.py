"""The store loop: every record exactly once, whatever fails."""
