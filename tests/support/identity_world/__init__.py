"""A deterministic world of senders, workers, store and faults around the worker's own code: `./run check identity`."""
