#!/usr/bin/env bash
# Software: chdb 4.4.0 with chdb-core 26.9.0 (PyPI; the ClickHouse 26.9 engine in-process)
# Behaviour: send_query() writes each chunk as a document of its own: with CSVWithNames the header comes again in
#   every chunk, with JSON each chunk is a whole JSON document. Chunks that are joined are no valid result; small
#   results, of one chunk, are.
# Seen: 200,000 rows as CSVWithNames come in several chunks with as many headers, so the joined file has 200,000 rows
#   and several lines of names.
# Expected: one header, as query() gives and as ClickHouse's own interfaces stream it.
# Known: no public issue found.
# Touchline: only formats without header and footer are streamed by the local ClickHouse; all others are built whole.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet chdb==4.4.0 chdb-core==26.9.0 \
  || { echo "could not install" >&2; exit 2; }

"$work/venv/bin/python" - <<'PYTHON'
import json
import sys

import chdb

connection = chdb.connect(":memory:")
sql = "SELECT number AS order_id, 1999 AS cents FROM numbers(200000)"


def streamed(form: str) -> list[str]:
    with connection.send_query(sql, form) as result:
        return [chunk.bytes().decode() for chunk in result]


chunks = streamed("CSVWithNames")
headers = "".join(chunks).count('"order_id","cents"')
whole = connection.query(sql, "CSVWithNames").bytes().decode().count('"order_id","cents"')
print(f"CSVWithNames: {len(chunks)} chunks, {headers} headers in the joined text; by query(): {whole} header")
documents = [json.loads(chunk) for chunk in streamed("JSON")]
print(f"JSON: {len(documents)} documents with rows: {[one['rows'] for one in documents]}")
if not (len(chunks) == headers > 1 == whole and len(documents) > 1):
    sys.exit("changed: chunks are parts of one document")
PYTHON
