// Every call of @segment/analytics-node, as its documentation writes them. Arguments: the collector's address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const { Analytics } = createRequire(`${folder}/`)("@segment/analytics-node");
const errors = [];
const analytics = new Analytics({ writeKey, host, flushAt: 5, flushInterval: 200 });
analytics.on("error", (error) => errors.push(String(error.reason ?? error.code)));
const userId = `${prefix}-user`, anonymousId = `${prefix}-browser`;
analytics.page({ anonymousId, category: "Docs", name: "Start", properties: { path: "/start" } });
analytics.track({ anonymousId, event: "Product Viewed", properties: { sku: "s-1", odd: NaN } });
analytics.identify({ userId, anonymousId, traits: { email: `${prefix}@example.com`, plan: "pro" } });
analytics.track({
  userId,
  event: "Order Completed",
  messageId: `${prefix}-order`,
  timestamp: new Date("2026-03-03T10:15:00Z"),
  properties: { order_id: `${prefix}-1`, total: 199.9, currency: "EUR", products: [{ sku: "s-1" }] },
});
analytics.track({ userId, event: "Order Refunded", properties: { order_id: `${prefix}-1`, total: 19.9, currency: "EUR" } });
analytics.screen({ userId, category: "Checkout", name: "Pay" });
analytics.group({ userId, groupId: `${prefix}-group`, traits: { employees: 20 } });
analytics.alias({ userId, previousId: `${prefix}-former` });
await analytics.closeAndFlush({ timeout: 20_000 });

async function toldOfMasked(key) { // what the SDK tells of a call that is refused
  const told = [], client = new Analytics({ writeKey: key, host, flushAt: 1 });
  client.on("error", (error) => told.push(String(error.reason ?? error.code)));
  client.track({ userId: `${prefix}-***`, event: "Product Viewed" });
  await client.closeAndFlush({ timeout: 20_000 });
  return told;
}

console.log(JSON.stringify({ errors, refused: await toldOfMasked(writeKey), unknown_key: await toldOfMasked("unknown") }));
