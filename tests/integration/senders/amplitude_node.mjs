// Every call of @amplitude/analytics-node, as its documentation writes them. Arguments: folder, the collector's address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const { createInstance, Identify, Revenue } = createRequire(`${folder}/`)("@amplitude/analytics-node");
const user_id = `${prefix}-user`, device_id = `${prefix}-browser`;

async function toldBy(calls, key = writeKey) { // what the SDK tells of these calls, sent in a batch of their own
  const client = createInstance();
  await client.init(key, { serverUrl: `${host}/batch`, flushQueueSize: 50, flushIntervalMillis: 200, logLevel: 0 }).promise;
  const results = await Promise.all(calls(client).map((call) => call.promise));
  return results.filter((result) => result.code !== 200).map((result) => `${result.code} ${result.message}`);
}

function valid(client) {
  const order = { order_id: `${prefix}-1`, currency: "EUR" }, somebody = { user_id, device_id };
  return [
    client.track("[Amplitude] Page Viewed", { "[Amplitude] Page Path": "/start" }, { device_id }),
    client.track("Product Viewed", { sku: "s-1", odd: NaN }, { device_id }),
    client.identify(new Identify().set("email", `${prefix}@example.com`).setOnce("plan", "pro"), somebody),
    client.track("Order Completed", { ...order, total: 199.9 }, { user_id, time: Date.parse("2026-03-03T10:15:00Z") }),
    client.track("Order Refunded", { ...order, total: 19.9 }, { user_id }),
    client.revenue(new Revenue().setProductId("s-1").setPrice(19.9).setQuantity(2), somebody),
    client.setGroup("company", `${prefix}-group`, somebody),
    client.groupIdentify("company", `${prefix}-group`, new Identify().set("employees", 20), somebody),
  ];
}

const masked = (client) => [client.track("Product Viewed", {}, { user_id: `${prefix}-***` })];
const said = { errors: await toldBy(valid), refused: await toldBy(masked), unknown_key: await toldBy(masked, "unknown") };
console.log(JSON.stringify(said));
process.exit(0);
