"""Faust's consumer with one change: a poll hands over one bulk record per partition instead of one record per event.

A poll runs in Faust's consumer thread (`thread`), which stamps each partition's records with where Kafka was asked
from, the group generation and a read epoch (`record`); the main loop carries the bulk record through Faust's stream
to the agent, and commits what the agent reported as durable (`consumer`). `transport` is what a Faust app is given.
"""
