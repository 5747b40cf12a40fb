"""What the processes tell Prometheus: each metric is declared once (declared.py), counted in a Meter, and written out for a scrape.

Declarations and Meter need no package; the exposition needs prometheus-client, which the extras worker, collector and dashboard bring.
"""
