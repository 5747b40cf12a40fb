"""Cases of KPIs: one below its target, a day that is unusual. They are about a touchpoint, and of no person.

rules -> desk (in steps) -> reader (the views) -> series (which cases there are to be) -> limits (control limits with their rate)

Why: docs/decisions/0207.
"""
