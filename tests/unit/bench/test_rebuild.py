"""When a lost state is whole again, and what is told of it."""

from __future__ import annotations

from bench import rebuild


def test_a_state_is_whole_where_the_worker_has_said_so_of_a_partition() -> None:
    log = (
        "2026-01-01T00:00:00.000Z level=info event=acquired partition=2 generation=1 insert_number=7 restored_persons=12\n"
        "2026-01-01T00:00:00.000Z level=info event=released partition=1\n"
        "2026-01-01T00:00:01.000Z level=info event=acquired partition=0 generation=1 insert_number=9 restored_persons=0\n"
    )
    assert rebuild.restored_persons(log) == {2: 12, 0: 0}


def test_what_a_lost_state_costs_stands_beside_a_start_that_has_it() -> None:
    lost, kept = rebuild.Start(5.0, 9.0, 10.0, 4.0, 3.0, 100), rebuild.Start(1.0, 1.0, 2.0, 1.0, 0.5, 0)
    told = rebuild.summarize([{"lost": lost, "kept": kept}, {"lost": lost._replace(whole_s=11.0), "kept": kept}])
    assert (told["lost_whole_s"], told["lost_whole_s_min"], told["lost_whole_s_max"]) == (10.0, 9.0, 11.0)
    assert (told["kept_first_batch_s"], told["lost_restored_persons"]) == (1.0, 100)
