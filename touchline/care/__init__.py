"""Care: cases of people who may be lost, found by rules over the facts of the ledger.

Pure core (`rules`, `facts`, `cases`), and a process around it that reads the ledger's feed and tells whoever is to act.

Why: docs/decisions/0206, docs/decisions/0207.
"""
