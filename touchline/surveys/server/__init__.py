"""The server of the surveys: `touchline surveys serve`.

request -> app.py (write key, rate) -> asking.py (what is asked) -> desk.py ─┬─ ledger_facts.py (events, asks, consents of the person)
                                                                             ├─ remembered.py (what may not stand there yet)
                                                                             ├─ surveys/decide.py (yes or no, and why)
                                                                             └─ producer (the decision, as an answer event)
"""
