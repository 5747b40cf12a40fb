"""Two versions of a map, or two maps, against each other: what their files say, and what becomes of the same events under both."""
