// CloudEvents of cloudevents (npm), structured and binary. Arguments: folder, the collector's address, a write key, a source.
import { createRequire } from "node:module";

const [folder, host, writeKey, source] = process.argv.slice(2);
const { CloudEvent, HTTP } = createRequire(`${folder}/`)("cloudevents");
const statuses = [];
for (const [number, convert] of [HTTP.binary, HTTP.structured].entries()) {
  const event = new CloudEvent({
    id: `${source}-${number}`, source, type: "touchline.touchpoint.v1", time: "2026-03-03T10:15:00Z", datacontenttype: "application/json",
    data: { touchpoint: "hotline", identifiers: [{ type: "login", value: `${source}-user` }] },
  });
  const message = convert(event);
  const headers = { ...message.headers, Authorization: `Bearer ${writeKey}` };
  statuses.push((await fetch(`${host}/v1/events`, { method: "POST", headers, body: message.body })).status);
}
console.log(JSON.stringify({ statuses }));
