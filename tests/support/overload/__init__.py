"""Far more than a collector can carry, over thousands of connections: senders, and what became of all that they sent."""
