-- Limits of those who log in. No `readonly = 1`: Grafana, Tableau and JDBC drivers set settings of their own, which it forbids; `readonly = 2`
-- allows that, and no writing. A limit after MAX is the most that a client may give itself.
-- `log_queries = 0` where queries name persons: system.query_log would keep their keys beyond an erasure. Of people who type queries the log
-- is kept, and sql/server/person_keys.xml masks keys in it.

CREATE SETTINGS PROFILE IF NOT EXISTS touchline_reader;
ALTER SETTINGS PROFILE touchline_reader SETTINGS
    readonly = 2,
    allow_ddl = 0,
    max_execution_time = 60 MAX 600,
    max_memory_usage = 8000000000 MAX 16000000000,
    max_result_rows = 5000000 MAX 50000000,
    result_overflow_mode = 'throw',
    max_concurrent_queries_for_user = 20 MAX 20;

-- What a page shows comes in a moment or not at all.
CREATE SETTINGS PROFILE IF NOT EXISTS touchline_viewer;
ALTER SETTINGS PROFILE touchline_viewer SETTINGS
    readonly = 2,
    allow_ddl = 0,
    max_execution_time = 30 MAX 120,
    max_memory_usage = 4000000000 MAX 8000000000,
    max_result_rows = 1000000 MAX 1000000,
    result_overflow_mode = 'throw',
    max_concurrent_queries_for_user = 40 MAX 40;

-- The same for the dashboard's server, which sets max_execution_time (dashboard_query_seconds) for each query, and streams downloads.
CREATE SETTINGS PROFILE IF NOT EXISTS touchline_dashboard;
ALTER SETTINGS PROFILE touchline_dashboard SETTINGS
    readonly = 2,
    allow_ddl = 0,
    max_execution_time = 30 MAX 600,
    max_memory_usage = 4000000000 MAX 8000000000,
    max_concurrent_queries_for_user = 200 MAX 200,
    log_queries = 0;

-- The worker: an insert is acknowledged when its part stands, never when it is queued, and a retry is never swallowed.
CREATE SETTINGS PROFILE IF NOT EXISTS touchline_writer;
ALTER SETTINGS PROFILE touchline_writer SETTINGS
    async_insert = 0 CONST,
    insert_deduplicate = 0 CONST,
    allow_ddl = 0,
    log_queries = 0;

-- Who reads what people wrote appends to the log of readings, so it is not read-only; it has no other right to write.
CREATE SETTINGS PROFILE IF NOT EXISTS touchline_comments;
ALTER SETTINGS PROFILE touchline_comments SETTINGS
    async_insert = 0 CONST,
    allow_ddl = 0,
    max_execution_time = 60 MAX 600,
    max_memory_usage = 4000000000 MAX 8000000000,
    max_concurrent_queries_for_user = 20 MAX 20,
    log_queries = 0;
