"""Simulated customers whose truth is known: a pure function from parameters and a journey map to events and a ledger of what is true.

    arrivals ─▶ journeys ─▶ surveys ─▶ disturbances ─▶ events, and beside each the truth

The chain reads no clock, file or network: the same parameters give the same lines, byte for byte. Files and the producer are met at its
edges, in `real_events` and `carry_out`; who is asked what is in `touchline.surveys.policy`.
"""
