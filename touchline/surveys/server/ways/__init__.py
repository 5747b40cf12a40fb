"""The ways to ask: a page, a kiosk, a widget in pages of others. All lead to one place, where an answer is taken once.

    link -> opening.py (which ask, which question, which language) -> taking.py (one answer, safe) -> desk
            pages.py (HTML by html.py), kiosk.py (what was kept offline), widget.py (JSON) are the edges

Why: docs/decisions/0208.
"""
