"""The operations dashboard of Grafana over Prometheus; `touchline bi export grafana` writes it."""
