"""Cases as people work them: which there are, how far they have come, and what may be said of one."""
