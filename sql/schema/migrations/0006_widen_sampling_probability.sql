-- A sampling probability may be smaller than a Float32 can hold (1e-38), and a 0 has no weight. Existing values keep their 24 bits.
ALTER TABLE journey_raw.ledger
    MODIFY COLUMN sampling_probability Float64;
