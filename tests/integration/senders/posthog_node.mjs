// Every call of posthog-node that we read, as its documentation writes them. Arguments: folder, the collector's address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const { PostHog } = createRequire(`${folder}/`)("posthog-node");
const userId = `${prefix}-user`, browser = `${prefix}-browser`;

async function toldBy(calls, key = writeKey) { // what the SDK tells of these calls, sent in a batch of their own
  const errors = [];
  const client = new PostHog(key, { host, flushAt: 50, flushInterval: 10_000 });
  client.on("error", (error) => errors.push(String(error)));
  calls(client);
  await client.shutdown(20_000);
  return errors;
}

function valid(client) {
  const nobody = { $process_person_profile: false }, order = { order_id: `${prefix}-1`, currency: "EUR" };
  client.capture({ distinctId: browser, event: "$pageview", properties: { ...nobody, $current_url: "https://shop.example.com/start" } });
  client.capture({ distinctId: browser, event: "Product Viewed", properties: { ...nobody, sku: "s-1", odd: NaN } });
  client.identify({ distinctId: userId, properties: { $set: { email: `${prefix}@example.com` }, $anon_distinct_id: browser } });
  client.setPersonProperties({ distinctId: userId, propertiesOnce: { plan: "pro" } });
  client.alias({ distinctId: userId, alias: `${prefix}-former` });
  const timestamp = new Date("2026-03-03T10:15:00Z");
  client.capture({ distinctId: userId, event: "Order Completed", timestamp, properties: { ...order, total: 199.9 } });
  client.capture({ distinctId: userId, event: "Order Refunded", properties: { ...order, total: 19.9 } });
  client.capture({ distinctId: userId, event: "$screen", properties: { $screen_name: "Pay" } });
  client.groupIdentify({ groupType: "company", groupKey: `${prefix}-group`, properties: { employees: 20 } });
}

const masked = (client) => client.capture({ distinctId: `${prefix}-***`, event: "Product Viewed" });
const said = { errors: await toldBy(valid), refused: await toldBy(masked), unknown_key: await toldBy(masked, "unknown") };
console.log(JSON.stringify(said));
process.exit(0);
