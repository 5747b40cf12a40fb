"""The operations dashboard of Grafana over Prometheus, generated: `python -m touchline.dashboards.monitoring.generate`."""
