"""The account: received records against their fates, the rows and Kafka's offsets."""
