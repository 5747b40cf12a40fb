// The calls of matomo-tracker, as its documentation writes them. Arguments: folder, the collector's address, a write key, a prefix of ids.
import { subscribe } from "node:diagnostics_channel";
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const MatomoTracker = createRequire(`${folder}/`)("matomo-tracker");
const uid = `${prefix}-user`, cid = `${prefix}-browser`, url = "https://shop.example.com/start";

let answers = 0; // the SDK tells of errors only
subscribe("http.client.response.finish", () => { answers += 1; });

async function toldBy(key, single, bulk = []) { // what it tells of these calls: each by itself, then all the others at once
  const errors = [], tracker = new MatomoTracker(1, `${host}/matomo/${key}/matomo.php`), wanted = answers + single.length;
  tracker.on("error", (error) => errors.push(String(error)));
  for (const call of single) tracker.track(call);
  while (answers < wanted) await new Promise((done) => setTimeout(done, 5));
  if (bulk.length) await new Promise((done) => tracker.trackBulk(bulk, done));
  return errors;
}

const errors = await toldBy(
  writeKey,
  [{ url, cid, action_name: "Start" }, { url, uid, cid, e_c: "shop", e_a: "Product Viewed", e_n: "s-1", e_v: 2 }],
  [
    { url, uid, idgoal: 0, ec_id: `${prefix}-1`, revenue: 199.9, cdt: "2026-03-03 10:15:00" },
    { url, uid, idgoal: 3, revenue: 5 },
    { url, uid, search: "shoes", search_count: 7 },
    { url, uid, download: `${url}.pdf` },
    { url, uid, link: "https://example.org/" },
    { url, uid, c_n: "banner", c_p: "shoe.png" },
  ],
);
const masked = { url, uid: `${prefix}-***` };
console.log(JSON.stringify({ errors, refused: await toldBy(writeKey, [masked]), unknown_key: await toldBy("unknown", [masked]) }));
process.exit(0);
