"""Where alerts go: a Kafka topic, a signed webhook, a chat."""
