-- Who may do what. WITH REPLACE OPTION: what an older release granted and this one does not is gone in the same moment.
-- Views read journey_raw with the rights of the user who migrated (SQL SECURITY DEFINER): nobody else needs any there, and dropping that user
-- breaks every view.
-- Why: docs/decisions/0170.

-- `touchline migrate`, once a release: the user that owns the views. `touchline erase` blanks rows as it, and asks before that whether the server
-- can merge the ledger: its parts, their projections, free disk space.
CREATE ROLE IF NOT EXISTS touchline_migrator;
GRANT
    SELECT, INSERT, OPTIMIZE, CREATE DATABASE, CREATE TABLE, DROP TABLE, ALTER TABLE ON journey_raw.*,
    SELECT, CREATE DATABASE, CREATE VIEW, DROP VIEW ON journey.*,
    SELECT, CREATE DATABASE, CREATE VIEW, DROP VIEW ON journey_api.*,
    SELECT ON system.parts,
    SELECT ON system.projection_parts,
    SELECT ON system.disks,
    SELECT ON system.storage_policies
    TO touchline_migrator WITH REPLACE OPTION;

-- Worker, report, reconcile, quarantine, imports of places: appends and reads, changes and drops nothing. Of system.processes it sees its own
-- queries: it waits for inserts in flight, and ends those that hang.
CREATE ROLE IF NOT EXISTS touchline_writer SETTINGS PROFILE 'touchline_writer';
GRANT
    SELECT, INSERT ON journey_raw.*,
    SELECT ON journey.*,
    SELECT ON journey_api.*,
    SELECT ON system.processes
    TO touchline_writer WITH REPLACE OPTION;

-- Analysts, Superset, Metabase, Power BI, dbt: every view, single events and (pseudonymous) persons among them.
CREATE ROLE IF NOT EXISTS touchline_reader SETTINGS PROFILE 'touchline_reader';
GRANT
    SELECT ON journey.*,
    SELECT ON journey_api.*
    TO touchline_reader WITH REPLACE OPTION;

-- `touchline dashboard`: from a number to the journeys behind it, so every view, too. Whoever reaches the page sees what it sees.
CREATE ROLE IF NOT EXISTS touchline_dashboard SETTINGS PROFILE 'touchline_dashboard';
GRANT
    SELECT ON journey.*,
    SELECT ON journey_api.*
    TO touchline_dashboard WITH REPLACE OPTION;

-- `touchline comments`, and the page's list of comments: what people wrote, encrypted (the key is a file), and the log of readings, to which
-- it can only append. The rest is what the command needs to find a person and to know the schema.
-- Why: docs/decisions/0189.
CREATE ROLE IF NOT EXISTS touchline_comments SETTINGS PROFILE 'touchline_comments';
GRANT
    SELECT ON journey_raw.comments,
    SELECT, INSERT ON journey_raw.readings,
    SELECT ON journey_raw.schema_versions,
    SELECT ON journey_raw.view_files,
    SELECT ON journey.identifiers,
    SHOW TABLES ON journey.*,
    SHOW TABLES ON journey_api.*
    TO touchline_comments WITH REPLACE OPTION;
