"""The names, order and types that BI tools rely on: docs/interface in the design, kept here as data."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client

H = "touchpoint channel is_online is_simulated"
D = f"{H} brand place persona segment"
F = f"{D} action campaign"
M = "map map_version stage stage_order"
ATTACHED = (
    f"event_time local_date source event_id revision person {F} {M} "
    "is_mapped cycle transition wait_seconds is_conversion rule evidence is_declared"
)
WORDING = "survey question question_version language"
SURVEY = f"kpi variant scope {WORDING} n n_positive n_neutral n_negative numerator denominator value ci_low ci_high ci_method"
GLANCE = (
    "kpi variant scope unit scale_low scale_high n n_positive n_neutral n_negative value ci_low ci_high ci_method is_small_n wordings "
    "n_before value_before change change_low change_high trend target target_verdict question"
)
ASKED = "survey question question_version language kpi scope touchpoint is_simulated"
VIEWS = {
    "touchpoints": ATTACHED,
    "attachments": ATTACHED,
    "answers": "answered_at answered_date about_time about_date about_source about_event_id source event_id "
    f"person {F} {M} survey question kpi variant scope scale_min scale_max score disposition is_classified "
    "about_amount about_currency amount_class",
    "unclassified_answers": "touchpoint is_simulated kpi scope scale_min scale_max variant answers score_low score_high score_mean",
    "orders": f"event_time local_date source event_id order_id kind amount currency person {F}",
    "journeys": "person map map_version cycle started_at last_at converted_at max_stage_order touchpoints is_simulated",
    "identifiers": "identifier identifier_type person events first_at last_at is_simulated",
    "links": "event_time source event_id kind identifier identifier_type linked_identifier linked_identifier_type is_in_force",
    "hubs": "identifier identifier_type neighbours",
    "consents": "person purpose state valid_from valid_until consent_id version identifier source event_id stated_at is_simulated",
    "consent_rate": "source received_on n_granted n n_ended consent_rate ci_low ci_high ci_method is_simulated",
    "initiatives": "source event_id revision touchpoint is_simulated initiative starts_at ends_at cost currency owner expected_kpi "
    "reported_at",
    "cases": "case_id kind rule rule_version severity state is_open is_lapsed person touchpoint place brand about_source about_event_id "
    "opened_on opened_at owned_at contacted_at resolved_at verified_at changed_at reopened due_at is_in_sla owner cause is_simulated",
    "case_kpis": "opened_on kind rule touchpoint n n_lapsed n_contacted first_contact_seconds sla_rate sla_n sla_ci_low sla_ci_high "
    "reopen_rate reopen_n reopen_ci_low reopen_ci_high recovery_rate recovery_n recovery_ci_low recovery_ci_high ci_method is_simulated",
    "case_causes": "opened_on kind rule touchpoint cause n is_simulated",
    "annotations": "map map_version date until text touchpoint stage",
    "kpi_volume_1h": f"bucket {H} is_declared {M} events",
    "kpi_volume_1d": f"bucket {D} is_declared {M} events",
    "kpi_persons_touchpoint_1d": "bucket map map_version touchpoint persons journeys is_simulated",
    "kpi_persons_stage_1d": "bucket map map_version stage persons journeys is_simulated",
    "kpi_persons_channel_1d": "bucket map map_version channel persons journeys is_simulated",
    "kpi_survey_1h": f"bucket {H} {M} {SURVEY}",
    "kpi_survey_1d": f"bucket {D} {M} {SURVEY}",
    "touchpoint_glance": "map map_version date_from date_to touchpoint stage stage_order channel is_online events events_simulated "
    f"events_declared persons journeys drop_off drop_off_low drop_off_high currency revenue is_simulated {GLANCE}",
    "kpi_survey_1w": f"bucket {H} {M} {SURVEY}",
    "kpi_survey_1mo": f"bucket {H} {M} {SURVEY}",
    "kpi_survey_rolling_7d": f"bucket {H} {M} {SURVEY}",
    "kpi_survey_rolling_28d": f"bucket {H} {M} {SURVEY}",
    "survey_accounting": f"bucket {ASKED} eligible sampled invited delivered shown started answered not_asked_fatigue "
    "not_asked_no_consent not_asked_withdrawn not_asked_other not_sampled only_sampled only_invited only_delivered only_shown "
    "only_started bounced dismissed refused ineligible expired partial complete",
    "survey_response_rates": f"bucket {ASKED} sampled started aapor_i aapor_p aapor_r aapor_nc aapor_o aapor_uh aapor_uo aapor_ne e "
    "rr1 rr2 rr3 rr4 rr5 rr6 completion_rate completion_low completion_high is_accounted is_small_n is_small_started",
    "survey_wordings": "touchpoint is_simulated survey question question_version language kpi variant scope scale_min scale_max n "
    "n_positive n_neutral n_negative value ci_low ci_high ci_method is_small_n is_most_used differs_in effect effect_low effect_high "
    "effect_verdict",
    "funnel_stage": "map map_version stage stage_order reached reached_next rate ci_low ci_high advanced completed dropped open "
    "numerator denominator rest_completed rest_dropped rest_open ci_method is_simulated",
    "unmapped": "source touchpoint action events is_simulated",
    "quarantine": "received_at topic partition offset source reason field",
    "quarantine_settled": "received_at topic partition offset source reason field outcome note settled_at",
    "account": "topic incarnation partition received stored duplicate superseded quarantined suppressed erased gaps is_balanced",
    "kpi_revenue_1d": f"bucket {D} {M} currency kind orders amount",
    "kpi_wait_1d": "bucket map map_version stage touchpoint channel wait_from_seconds wait_below_seconds events is_simulated",
    "kpi_persons_1d": "bucket map map_version persons journeys is_simulated",
    "kpi_persons_1w": "bucket map map_version persons journeys is_simulated",
    "kpi_persons_1mo": "bucket map map_version persons journeys is_simulated",
    "kpi_dwell": "map map_version level value n_followed n_open open_share n_last p50_seconds p75_seconds p90_seconds is_simulated",
    "path_edges": "map map_version level step from_node to_node journeys is_simulated",
    "map_versions": "map map_version title state is_shown is_default change changed_at shown_at events of_events percent",
    "map_days": "map map_version first_day last_day usual_day events later_events",
    "freshness": "source last_event_time last_received_at last_stored_at events delay_p50_seconds delay_p90_seconds",
}
TYPES = {
    "event_time": "DateTime64(6, 'UTC')", "local_date": "Date", "amount": "Nullable(Decimal(18, 4))", "value": "Float64",
    "events": "Int64", "persons": "Int64", "n": "Int64", "numerator": "Float64", "denominator": "Int64",
    "wait_seconds": "Nullable(Float64)",
    "place": "LowCardinality(Nullable(String))", "touchpoint": "LowCardinality(String)", "rate": "Nullable(Float64)",
    "score": "Nullable(Float64)", "person": "Nullable(String)", "stage_order": "Nullable(UInt8)",
}  # fmt: skip
OTHERWISE = (
    "annotations",
    "consents",
    "identifiers",
    "journeys",
    "map_versions",
    "funnel_stage",
    "kpi_dwell",
    "touchpoint_glance",
)
"""Views in which one of these names has another meaning."""


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_columns_of_the_interface_in_order(engine_client: Client, view: str) -> None:
    rows = engine_client.execute(
        "SELECT name, type FROM system.columns WHERE database = 'journey' AND table = %(view)s ORDER BY position",
        {"view": view},
    )
    assert [name for name, _ in rows] == VIEWS[view].split()
    for name, found in rows:
        if view not in OTHERWISE and name in TYPES:
            assert found == TYPES[name], name
        assert "AggregateFunction" not in found
        if name == "bucket":
            assert found == ("DateTime('UTC')" if view.endswith("_1h") else "Date")


@pytest.mark.parametrize("view", ["dim_map", "dim_stage", "dim_touchpoint", "dim_place", "dim_source", "dim_kpi"])
def test_a_dimension_starts_with_id_and_name(engine_client: Client, view: str) -> None:
    rows = engine_client.execute(
        "SELECT name FROM system.columns WHERE database = 'journey' AND table = %(view)s ORDER BY position",
        {"view": view},
    )
    assert [name for (name,) in rows[:2]] == ["id", "name"]


def test_readers_see_no_other_view_and_never_a_sign_or_position(engine_client: Client) -> None:
    dimensions = {"dim_map", "dim_stage", "dim_touchpoint", "dim_place", "dim_source", "dim_kpi"}
    names = {name for (name,) in engine_client.execute("SELECT name FROM system.tables WHERE database = 'journey'")}
    assert names == VIEWS.keys() | dimensions
    hidden = "name IN ('sign', 'row_id', 'stream', 'insert_number', 'kind_of_row')"
    assert (
        engine_client.execute(f"SELECT table, name FROM system.columns WHERE database = 'journey' AND {hidden}") == []
    )
