"""Superset's bundle: database, data sets, charts and the dashboard in its import format, as YAML."""

from __future__ import annotations

import json

import yaml

from touchline.dashboards.bi.chart_form import Chart, Json
from touchline.dashboards.bi.charts import CHARTS
from touchline.dashboards.bi.datasets import DATASETS, Dataset, is_time
from touchline.dashboards.bi.identity import uuid_of
from touchline.dashboards.bi.metrics import title_of
from touchline.dashboards.bi.superset_charts import params, query_context
from touchline.dashboards.bi.superset_dashboard import SLUG, dashboard

DATABASE = "Touchline"
_VERSION = "1.0.0"


def superset_files() -> dict[str, str]:
    """Path within the bundle -> content."""
    found: dict[str, Json] = {
        # A fixed time: the same views give the same files.
        "metadata.yaml": {"version": _VERSION, "type": "Dashboard", "timestamp": "2025-01-01T00:00:00+00:00"},
        f"databases/{DATABASE}.yaml": _database(),
        f"dashboards/{SLUG}.yaml": dashboard(),
    }
    found |= {f"datasets/{DATABASE}/{dataset.name}.yaml": _dataset(dataset) for dataset in DATASETS.values()}
    found |= {f"charts/{chart.name}.yaml": _chart(chart) for chart in CHARTS}
    return {name: _yaml(content) for name, content in found.items()}


def _yaml(content: Json) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _database() -> Json:
    """Where the views are. Host and password are the installation's own: `superset_config.py` puts them in when a connection is made."""
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": "clickhousedb://touchline@127.0.0.1:8123/journey",
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {
            "allows_virtual_table_explore": True,
            # Superset compares hours with `toDateTime('…')`, which is a moment of the server's zone where the session names none.
            "engine_params": {"connect_args": {"session_timezone": "UTC"}},
            "metadata_params": {},
            "metadata_cache_timeout": {},
            "schemas_allowed_for_file_upload": [],
        },
        "impersonate_user": False,
        "uuid": uuid_of("database", DATABASE),
        "version": _VERSION,
    }


def _dataset(dataset: Dataset) -> Json:
    view = dataset.view
    return {
        "table_name": dataset.name,
        "main_dttm_col": dataset.time_column,
        "description": view.comment,
        "offset": 0,
        "cache_timeout": None,
        "catalog": None,
        "schema": view.schema,
        "sql": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": uuid_of("dataset", dataset.name),
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": metric.title,
                "metric_type": None,
                "expression": metric.sql,
                "description": metric.meaning,
                "d3format": metric.format or None,
                "extra": {},
                "warning_text": None,
            }
            for metric in dataset.metrics
        ],
        "columns": [
            {
                "column_name": name,
                "verbose_name": title_of(name),
                "is_dttm": is_time(column.type),
                "is_active": True,
                "type": column.type,
                "groupby": True,
                "filterable": True,
                "expression": None,
                "description": column.comment,
                "python_date_format": None,
                "extra": {},
            }
            for name, (column, _) in view.columns.items()
        ]
        + [
            {
                "column_name": one.name,
                "verbose_name": one.title,
                "is_dttm": False,
                "is_active": True,
                "type": one.type,
                "groupby": True,
                "filterable": True,
                "expression": one.sql,
                "description": one.meaning,
                "python_date_format": None,
                "extra": {},
            }
            for one in dataset.computed
        ],
        "version": _VERSION,
        "database_uuid": uuid_of("database", DATABASE),
    }


def _chart(chart: Chart) -> Json:
    return {
        "slice_name": chart.title,
        "description": chart.description,
        "certified_by": None,
        "certification_details": None,
        "viz_type": chart.kind,
        "params": params(chart),
        "query_context": json.dumps(query_context(chart)),
        "cache_timeout": None,
        "uuid": uuid_of("chart", chart.name),
        "version": _VERSION,
        "dataset_uuid": uuid_of("dataset", chart.dataset),
    }
