ALTER TABLE journey_raw.ledger
    MODIFY COLUMN sampling_probability Float32;
