"""A first journey map from what was observed: events in the ledger → order → stages and goals → commented YAML to be finished by hand."""
