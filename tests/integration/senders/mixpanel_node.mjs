// The calls of mixpanel (npm) that we read, as its documentation writes them. Arguments: folder, the collector's address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, address, writeKey, prefix] = process.argv.slice(2);
const Mixpanel = createRequire(`${folder}/`)("mixpanel");
const user = `${prefix}-user`, browser = `${prefix}-browser`, order = { order_id: `${prefix}-1`, currency: "EUR" };
const host = address.replace("http://", ""), quiet = { warn() {}, error() {}, debug() {}, info() {}, trace() {} };
const clientOf = (token) => Mixpanel.init(token, { host, protocol: "http", key: "of no use", logger: quiet });
const told = async (...calls) => { // what the SDK tells of these calls
  const errors = await Promise.all(calls.map((call) => new Promise((done) => call(done))));
  return errors.flat().filter(Boolean).map(String);
};

const client = clientOf(writeKey), now = new Date();
const errors = await told(
  (done) => client.track("Product Viewed", { distinct_id: `$device:${browser}`, sku: "s-1", odd: NaN, time: now }, done),
  (done) => client.track("Signed In", { distinct_id: user, $user_id: user, $device_id: browser, $insert_id: `${prefix}-in` }, done),
  (done) => client.people.set(user, { $email: `${prefix}@example.com` }, done),
  (done) => client.people.set_once(user, { plan: "pro" }, done),
  (done) => client.import("Order Completed", new Date("2026-03-03T10:15:00Z"), { ...order, distinct_id: user, total: 199.9 }, done),
  (done) => client.alias(`${prefix}-former`, user, done),
  (done) => client.groups.set("company", `${prefix}-group`, { employees: 20 }, done),
  (done) => client.track_batch([
    { event: "Order Refunded", properties: { ...order, distinct_id: user, total: 19.9, time: now } },
    { event: "Cart Viewed", properties: { distinct_id: user, time: now } },
  ], done),
);
const masked = { distinct_id: `${prefix}-***` };
const refused = await told((done) => client.track("Product Viewed", { ...masked }, done));
const unknown_key = await told((done) => clientOf("unknown").track("Product Viewed", { ...masked }, done));
console.log(JSON.stringify({ errors, refused, unknown_key }));
process.exit(0);
