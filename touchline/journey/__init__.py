"""The journey: a map compiled, the events of a person attached to it, and a map suggested from events."""
