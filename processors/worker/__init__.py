"""The worker process: Faust, its group and partitions, health, metrics, and its end."""
