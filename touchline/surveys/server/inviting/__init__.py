"""Invitations: found, decided, handed to the company's own sender, and at last expired."""
