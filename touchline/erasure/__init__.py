"""Erasing persons: who is meant, what is found of them, the request that workers follow, what is blanked, and the certificate."""
