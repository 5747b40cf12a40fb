"""Webhooks of survey tools: a signature instead of a write key, and a file that says which question is which."""

from __future__ import annotations

from touchline.producers.collector.webhooks.front import WebhookFront
from touchline.producers.collector.webhooks.load import load_webhooks

__all__ = ["WebhookFront", "load_webhooks"]
