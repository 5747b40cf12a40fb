"""Which identifiers are one person. Pure: every function takes values and gives values."""
