"""`./run superset`: Superset from its package, with the bundle of this checkout, on the local stack, looked at in a browser."""
