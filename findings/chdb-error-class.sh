#!/usr/bin/env bash
# Software: chdb 4.4.0 with chdb-core 26.9.0 (PyPI)
# Behaviour: Both packages install chdb/__init__.py, and the one installed last wins. pip installs chdb last, and with
#   its file `except chdb.ChdbError`, the documented exception, catches no error of a query: query() raises
#   RuntimeError, a connection another class of the same name. Installed again, chdb-core brings its own file, and
#   ChdbError is caught.
# Seen: as pip installs them: neither query() nor a connection raises chdb.ChdbError. After `pip install
#   --force-reinstall --no-deps chdb-core`: both do. pip check finds nothing in either state.
# Expected: one file, one class, whatever was installed last.
# Known: chdb-io/chdb-core#203 and #204 gave ChdbError its meaning; that chdb's own file hides it was not found
#   reported.
# Touchline: the local ClickHouse catches RuntimeError and chdb.ChdbError both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet chdb==4.4.0 chdb-core==26.9.0 \
  || { echo "could not install" >&2; exit 2; }

cat >"$work/caught.py" <<'PYTHON'
import chdb

caught = []
for run in (chdb.query, chdb.connect(":memory:").query):
    try:
        run("SELECT no_such_column")
    except chdb.ChdbError:
        caught.append("ChdbError caught")
    except Exception as error:
        caught.append(f"not caught: {type(error).__module__}.{type(error).__name__}")
print(f"query: {caught[0]}; connection: {caught[1]}")
PYTHON
as_installed=$("$work/venv/bin/python" "$work/caught.py")
"$work/venv/bin/pip" install --quiet --force-reinstall --no-deps chdb-core==26.9.0 \
  || { echo "could not install" >&2; exit 2; }
"$work/venv/bin/pip" check
core_again=$("$work/venv/bin/python" "$work/caught.py")
echo "chdb installed last: $as_installed"
echo "chdb-core installed last: $core_again"
[[ $as_installed == "query: not caught: "*"; connection: not caught: "* &&
  $core_again == "query: ChdbError caught; connection: ChdbError caught" ]] ||
  { echo "changed: the exception is another one" >&2; exit 1; }
