"""Numbers that stand in two places, and the places where they stand: what `./run check contradictions` compares.

selections (selecting.py) ──▶ places (page.py, export.py, marts.py, bi.py, report.py) ──▶ pairs of them (pairs.py)
"""
