// Every call of @rudderstack/rudder-sdk-node, as its documentation writes them. Arguments: the collector's address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const RudderAnalytics = createRequire(`${folder}/`)("@rudderstack/rudder-sdk-node");
const errors = [];
const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl: host, flushAt: 20, flushInterval: 200 });
const told = (error) => error && errors.push(String(error));
const userId = `${prefix}-user`, anonymousId = `${prefix}-browser`;
analytics.page({ anonymousId, category: "Docs", name: "Start", properties: { path: "/start" } }, told);
analytics.track({ anonymousId, event: "Product Viewed", properties: { sku: "s-1", odd: NaN } }, told);
analytics.identify({ userId, anonymousId, traits: { email: `${prefix}@example.com`, plan: "pro" } }, told);
analytics.track({
  userId,
  event: "Order Completed",
  messageId: `${prefix}-order`,
  timestamp: new Date("2026-03-03T10:15:00Z"),
  properties: { order_id: `${prefix}-1`, total: 199.9, currency: "EUR", products: [{ sku: "s-1" }] },
}, told);
analytics.track({ userId, event: "Order Refunded", properties: { order_id: `${prefix}-1`, total: 19.9, currency: "EUR" } }, told);
analytics.screen({ userId, category: "Checkout", name: "Pay" }, told);
analytics.group({ userId, groupId: `${prefix}-group`, traits: { employees: 20 } }, told);
analytics.alias({ userId, previousId: `${prefix}-former` }, told);
await analytics.flush();

async function toldOfMasked(key) { // what the SDK tells of a call that is refused; without an errorHandler it would end the process
  const told = [], errorHandler = (error) => told.push(String(error));
  const client = new RudderAnalytics(key, { dataPlaneUrl: host, flushAt: 1, errorHandler });
  await new Promise((done) => client.track({ userId: `${prefix}-***`, event: "Product Viewed" }, done));
  return told;
}

console.log(JSON.stringify({ errors, refused: await toldOfMasked(writeKey), unknown_key: await toldOfMasked("unknown") }));
process.exit(0);
