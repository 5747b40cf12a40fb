"""Access to Kafka: an admin's connection, the topic, its offsets, and a record's partition. Needs kafka-python only.

Why it is so: docs/decisions/0183-one-ground-for-services.md.
"""
