#!/usr/bin/env bash
# Software: cloudevents 10.0.0 (npm)
# Behaviour: HTTP.toEvent drops the data of a structured event when they are 0, false or empty text: the event that
#   comes out has no data at all. Other numbers and texts arrive. In binary mode a number arrives as text.
# Seen: data 7 and "ok" arrive as they are; data 0, false and "" arrive as undefined, although HTTP.structured had
#   written them. Binary: 7 arrives as the text 7.
# Expected: what was sent: a rating of 0 is an answer.
# Known: no open issue found; cloudevents/sdk-javascript#281 made such data valid.
# Touchline: reads CloudEvents itself. Who passes events on through this package should wrap a score in an object.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" cloudevents@10.0.0 \
  || { echo "could not install" >&2; exit 2; }

cat >"$work/finding.js" <<'JAVASCRIPT'
const { CloudEvent, HTTP } = require("cloudevents");

const show = (value) => (value === undefined ? "nothing" : `${typeof value} ${JSON.stringify(value)}`);
const event = (data) => new CloudEvent({ type: "answer", source: "survey", datacontenttype: "application/json", data });
const arrived = [7, "ok", 0, false, ""].map((data) => {
  const message = HTTP.structured(event(data));
  const found = HTTP.toEvent(message).data;
  console.log(`sent ${show(JSON.parse(message.body).data)}: structured brings ${show(found)}`);
  return found;
});
const sent = HTTP.binary(event(7));
const binary = HTTP.toEvent({ headers: sent.headers, body: JSON.stringify(sent.body) }).data;
console.log(`sent number 7: binary brings ${show(binary)}`);
if (JSON.stringify(arrived) !== JSON.stringify([7, "ok", undefined, undefined, undefined]) || binary !== "7") {
  console.error("changed: such data arrive otherwise");
  process.exit(1);
}
JAVASCRIPT
node "$work/finding.js"
