"""Hands over to the company's own systems: a Kafka topic, a signed webhook. Alerts of cases and invitations go this way.

Each sink has a sender and tries of its own. Whoever hands over keeps what is not taken, and decides by `again` when it tries once more.

Why: docs/decisions/0214.
"""
