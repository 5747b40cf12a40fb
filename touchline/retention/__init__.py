"""How long events are kept, told: what is due, what has ended, and which small cells remain."""
