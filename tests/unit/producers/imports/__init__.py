"""How files become events."""
