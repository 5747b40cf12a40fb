// Every call of @snowplow/node-tracker, as its documentation writes them. Arguments: folder, the collector's address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const snowplow = createRequire(`${folder}/`)("@snowplow/node-tracker");

async function toldBy(calls, key = writeKey, eventMethod = "post") { // what the SDK tells of these calls, sent in requests of their own
  const errors = [];
  const onRequestFailure = (failure) => errors.push(`${failure.status} ${failure.willRetry ? "again" : "final"}`);
  const endpoint = `${host.replace("http://", "")}/snowplow/${key}`;
  const emitter = { endpoint, protocol: "http", eventMethod, bufferSize: 50, onRequestFailure };
  const tracker = snowplow.newTracker({ namespace: "t", appId: "shop" }, emitter);
  calls(tracker);
  await tracker.flush();
  await new Promise((done) => setTimeout(done, 20)); // it tells of failures in a task of its own
  return errors;
}

const described = (name, data) => snowplow.buildSelfDescribingEvent({ event: { schema: `iglu:com.example/${name}/jsonschema/1-0-0`, data } });

function valid(tracker) {
  const pageUrl = "https://shop.example.com/start", order = { order_id: `${prefix}-1`, currency: "EUR" };
  tracker.setDomainUserId(`${prefix}-browser`);
  tracker.track(snowplow.buildPageView({ pageUrl, pageTitle: "Start" }));
  tracker.track(snowplow.buildPagePing({ pageUrl, pageTitle: "Start" }));
  tracker.track(described("product_viewed", { sku: "s-1", odd: NaN }));
  tracker.setUserId(`${prefix}-user`);
  tracker.track(snowplow.buildEcommerceTransaction({ orderId: `${prefix}-1`, total: 199.9, currency: "EUR" }), [], { type: "ttm", value: 1_772_532_900_000 });
  tracker.track(snowplow.buildEcommerceTransactionItem({ orderId: `${prefix}-1`, sku: "s-1", price: 199.9, quantity: 1 }));
  tracker.track(described("order_refunded", { ...order, total: 19.9 }));
  tracker.track(snowplow.buildScreenView({ id: "pay", name: "Pay" }));
  tracker.track(snowplow.buildStructEvent({ category: "shop", action: "Product Added", label: "s-1", value: 2 }));
}

function byGet(tracker) {
  tracker.setUserId(`${prefix}-user`);
  tracker.track(snowplow.buildStructEvent({ category: "shop", action: "Cart Viewed" }));
}

function masked(tracker) {
  tracker.setUserId(`${prefix}-***`);
  tracker.track(snowplow.buildPageView({ pageUrl: "https://shop.example.com/" }));
}

const errors = [...await toldBy(valid), ...await toldBy(byGet, writeKey, "get")];
console.log(JSON.stringify({ errors, refused: await toldBy(masked), unknown_key: await toldBy(byGet, "unknown") }));
process.exit(0);
