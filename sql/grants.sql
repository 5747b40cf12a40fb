-- Readers of a real server: what Grafana, Superset, Metabase, Power BI and analysts log in with. Run it once as an administrator, after
-- `touchline migrate`, then: CREATE USER grafana IDENTIFIED BY '...' DEFAULT ROLE touchline_reader;
-- The local stack has one user and knows no grants.

-- Limits instead of readonly = 1, which Grafana, Tableau and JDBC drivers cannot live with: they set settings of their own.
CREATE SETTINGS PROFILE IF NOT EXISTS touchline_reader SETTINGS
    readonly = 2,
    max_execution_time = 60 MAX 600,
    max_memory_usage = 8000000000 MAX 16000000000,
    max_result_rows = 5000000 MAX 50000000,
    result_overflow_mode = 'throw';

CREATE ROLE IF NOT EXISTS touchline_reader SETTINGS PROFILE 'touchline_reader';

-- The views read journey_raw with the rights of the user who migrated; readers have none there.
GRANT SELECT ON journey.* TO touchline_reader;
GRANT SELECT ON journey_api.* TO touchline_reader;
