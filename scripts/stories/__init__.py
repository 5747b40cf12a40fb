"""The four stories of the articles, played through the product: a shoe, a launch, a wait, and Vivan los Tacos.

    shoe, launch, support, tacos: what happens, as events ─▶ play: by collector, surveys, care and cases ─▶ seen: what the views say of it

All of it is invented and marked as simulated. It has a ledger of its own (place.py), so that no number of other data changes by it.

Why: docs/decisions/0216.
"""
