"""Simulated customers whose truth is known: a pure function from parameters and a journey map to events and a ledger of what is true.

    arrivals ─▶ journeys ─▶ surveys ─▶ disturbances ─▶ events, and beside each the truth

Nothing here reads a clock, a file or a network. The same parameters give the same lines, byte for byte.
"""
