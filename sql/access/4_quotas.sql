-- What a user may use up in an hour, so that one forgotten notebook does not stop the pipeline. Writer and migrator have none.

CREATE QUOTA IF NOT EXISTS touchline_readers;
ALTER QUOTA touchline_readers KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 50000, errors = 5000, execution_time = 14400
    TO touchline_reader, touchline_viewer;

-- Every reader of the page is this one user.
CREATE QUOTA IF NOT EXISTS touchline_dashboard;
ALTER QUOTA touchline_dashboard KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 500000, errors = 50000, execution_time = 57600
    TO touchline_dashboard;
