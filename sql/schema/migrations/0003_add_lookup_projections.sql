-- Small sorted copies by which a few rows are found without a scan. One statement, because each ALTER of the ledger costs as much
-- as one with many commands. Each keeps the mark of every insert: ClickHouse merges no parts of which one has a projection and another has
-- not, and a projection of no rows is not written.
ALTER TABLE journey_raw.ledger
    -- Rows of one person key, of any kind: the slow path and the export of a person.
    ADD PROJECTION IF NOT EXISTS by_identifier
    (
        SELECT _part_offset ORDER BY identifier
    ) WITH SETTINGS (index_granularity = 256),
    -- Rows of one event: duplicates, revisions, lineage.
    ADD PROJECTION IF NOT EXISTS by_event
    (
        SELECT _part_offset ORDER BY source, event_id
    ) WITH SETTINGS (index_granularity = 256),
    -- Answers that name an event, by that event: which answers follow when it comes, or changes.
    ADD PROJECTION IF NOT EXISTS by_occasion
    (
        SELECT kind, about_own, about_source, about_event_id, source, event_id, identifier, row_id
        WHERE (kind = 'received' AND about_own >= 8 OR kind = 'mark')
        ORDER BY about_event_id, about_source
    ),
    -- What partitions say to each other, by kind, in the order in which they said it: no claims cost nothing. (has, because the engine does
    -- not see that a question with IN asks for nothing but these rows.)
    ADD PROJECTION IF NOT EXISTS feed
    (
        SELECT stream, insert_number, kind, sign, row_id, offset, source, event_id, event_type, revision, payload_hash, completeness, event_time,
            identifier, identifier_type, linked_identifier, linked_identifier_type, handoff_to, handoff_number, reason
        WHERE (has(['link', 'unlink', 'handoff', 'away', 'claim', 'release', 'look'], kind) OR kind = 'mark')
        ORDER BY kind, stream, insert_number
    ),
    -- Links by their other end; by_identifier finds the first one.
    ADD PROJECTION IF NOT EXISTS by_linked
    (
        SELECT kind, sign, row_id, source, event_id, event_time, identifier, identifier_type, linked_identifier, linked_identifier_type
        WHERE (has(['link', 'unlink'], kind) OR kind = 'mark')
        ORDER BY linked_identifier
    ),
    -- Rows that are published under another identifier than their own, by the person.
    ADD PROJECTION IF NOT EXISTS merged
    (
        SELECT kind, sign, row_id, identifier, person
        WHERE (kind = 'attached' AND person != identifier OR kind = 'mark')
        ORDER BY person
    ),
    -- Ids of retracted rows: what stands is sign = 1 AND row_id NOT IN (these).
    ADD PROJECTION IF NOT EXISTS retracted
    (
        SELECT row_id WHERE (sign = -1 OR kind = 'mark') ORDER BY row_id
    ),
    -- The account: sums of the marks by stream, so that it costs no scan; and how far each stream has come.
    ADD PROJECTION IF NOT EXISTS account
    (
        SELECT stream, count(), max(insert_number), min(first_offset), max(offset), sum(gaps), sumMap(fate_counts)
        WHERE kind = 'mark'
        GROUP BY stream
    );
