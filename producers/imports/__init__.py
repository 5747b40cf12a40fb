"""Importers: from a file that somebody else wrote to complete events, ids taken from declared natural keys."""
