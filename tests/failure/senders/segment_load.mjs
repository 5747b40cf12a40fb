// @segment/analytics-node under load: events until its input ends, then what it says of them. Arguments: where it is installed, the collector's
// address, a write key, a prefix of ids.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const { Analytics } = createRequire(`${folder}/`)("@segment/analytics-node");
const failed = [];
const analytics = new Analytics({ writeKey, host, flushAt: 20, flushInterval: 200 });
const waitingMax = 500;
let sent = 0;
let told = 0;
let isOver = false;
process.stdin.on("end", () => (isOver = true)).resume();
while (!isOver) {
  for (let one = 0; one < 10 && sent - told < waitingMax; one += 1) {
    const messageId = `${prefix}-${sent}`;
    const event = { userId: `${prefix}-user-${sent % 97}`, event: "Product Viewed", messageId, properties: { sku: "s-1" } };
    analytics.track(event, (error) => {
      told += 1;
      if (error) failed.push(messageId);
    });
    sent += 1;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await analytics.closeAndFlush({ timeout: 60_000 });
console.log(JSON.stringify({ sent, failed }));
process.exit(0);
