"""The map as one file: `/export/map.html`, a page without script or address, to be mailed, printed and kept.

    selection and rows of five views (read.py) ──▶ page (page.py, cards.py, facts.py, kpis.py)

It shows what the page shows, from the same views, and says of itself which map, period, filter and moment it is of.
"""
