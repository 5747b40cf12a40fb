"""What BI tools take as files, made from the views and the KPI catalogue: Superset's bundle, Grafana's dashboards, dbt's sources."""
