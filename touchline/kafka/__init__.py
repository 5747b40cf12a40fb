"""Access to Kafka: the topic, its offsets, its partitions, and waiting for a broker."""
