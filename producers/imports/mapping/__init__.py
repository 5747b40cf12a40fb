"""Mapping files: how the rows of somebody else's file become events. `model` is their form, `read` reads them, `mapper` applies them."""
