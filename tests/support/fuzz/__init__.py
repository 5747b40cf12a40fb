"""Coverage-guided fuzzing of the worker's first steps: what an input is, what must hold of each, and the process that makes them."""
