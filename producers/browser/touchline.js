// Touchline's browser tag: page views, clicks, forms and touchpoints of your own, to the collector it was loaded from.
//
//   <script src="https://collector.example/touchline.js" data-key="KEY" defer></script>
//
// Until the page says `touchline.consent("granted")` nothing is stored and nothing is sent. How to use it: docs/senders/browser.md;
// why it is so: docs/decisions/0199. What is served is touchline.min.js, which scripts/minify-tag makes of this file.
(() => {
const page = window;
const script = document.currentScript;
const early = page.touchline;
if (early && early.track) return;
const options = script.dataset;
const url = new URL(options.endpoint || "/v1/events", script.src || location.href);
url.searchParams.set("key", options.key);

// A beacon, and all keepalive requests under way, share 65,536 bytes.
const BODY_BYTES = 60000;
const BODY_EVENTS = 50;
// A character has at most three bytes, so that each event fits a body.
const EVENT_CHARACTERS = 18000;
const QUEUE_CHARACTERS = 250000;
const HELD_EVENTS = 100;
const GATHER_MS = 1000;
const RETRY_SECONDS_MAX = 120;
// The queue of a page that did not say goodbye is another page's after this time.
const LEFT_MS = 300000;
// What is refused like this would be refused again.
const FINAL = [400, 413, 415, 422];

const ID = "touchline.id";
const QUEUE = "touchline.queue.";
const refuses = navigator.globalPrivacyControl && options.gpc != "ignore";
let state = refuses ? "denied" : "unknown";
let queue = [];
let held = [];
let flying = [];
let also = [];
let fails = 0;
// Grows with each withdrawal: what was under way before does not come back.
let turn = 0;
let notBefore = 0;
let isAway, isKept, isSaved, grant, heldView, lastPage, person, timer, viewed;

const warn = (said) => console.warn("touchline", said);
const listen = (target, name, heard) => target.addEventListener(name, heard, true);
const unique = () => crypto.randomUUID ? crypto.randomUUID()
: [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
// Storage may be forbidden or full: then memory must do.
const storing = (work) => {
  try {
    return work(localStorage);
  } catch {}
};
const slot = QUEUE + unique();
const without = (gone) => queue.filter((event) => !gone.some((one) => one.id == event.id));

const save = () => {
  let text = JSON.stringify(queue);
  while (text.length > QUEUE_CHARACTERS) {
    warn("the queue is full: an event is lost");
    queue.shift();
    text = JSON.stringify(queue);
  }
  isSaved = storing((storage) => {
    storage.removeItem(slot);
    if (queue.length) storage.setItem(slot, `[${isAway ? 0 : Date.now()},${text}]`);
    return queue.length;
  });
};

// Take over what pages left that are gone.
const adopt = () => storing((storage) => {
  for (const name of Object.keys(storage)) {
    if (!name.startsWith(QUEUE) || name == slot) continue;
    const [alive, events] = JSON.parse(storage[name]);
    if (Math.abs(Date.now() - alive) < LEFT_MS) continue;
    storage.removeItem(name);
    queue = [...events, ...queue];
  }
});

// Whether the consent still holds: another tab may have taken it back, or have taken over this one's queue.
const mayGo = () => {
  if (state == "granted" && isKept && storing((storage) => storage[ID]) != person) {
    state = "denied";
    drop();
  }
  if (isSaved && !storing((storage) => storage[slot])) queue = [];
  return state == "granted";
};

const plan = (ms) => {
  clearTimeout(timer);
  timer = setTimeout(send, Math.max(ms, notBefore - Date.now()));
};

const take = () => {
  let events = without(flying).slice(0, BODY_EVENTS);
  let text = JSON.stringify(events);
  while (new Blob([text]).size > BODY_BYTES) {
    events = events.slice(0, events.length / 2);
    text = JSON.stringify(events);
  }
  return [events, text];
};

const send = () => {
  if (isAway || flying.length || !mayGo() || !queue.length) return;
  save();
  if (notBefore > Date.now()) return plan(0);
  const [events, body] = take();
  flying = events;
  const began = turn;
  const settle = (isOver, seconds) => {
    flying = [];
    if (!mayGo()) return;
    if (began != turn) return plan(0);
    fails = isOver ? 0 : fails + 1;
    notBefore = isOver ? 0 : Date.now() + Math.min(seconds || 2 ** fails + Math.random(), RETRY_SECONDS_MAX) * 1000;
    queue = isOver ? without(events) : [...events, ...without(events)];
    save();
    if (queue.length) plan(0);
  };
  fetch(target(), { method: "POST", body, keepalive: true, credentials: "omit" }).then((answer) => {
    settle(answer.ok || FINAL.includes(answer.status), +answer.headers.get("Retry-After"));
    return answer.json().then((said) => said.hint || said.rejected ? warn(said) : 0);
  }, () => settle()).catch(warn);
};

// The page goes, perhaps for good. What the browser takes over is no more ours; the rest waits for the next page.
const leave = () => {
  isAway = true;
  if (!mayGo()) return;
  if (navigator.onLine && !fails) {
    queue = without(flying);
    while (queue.length) {
      const [events, text] = take();
      if (!navigator.sendBeacon(target(), text)) break;
      queue = without(events);
    }
  }
  save();
};

const add = (event) => {
  queue.push({
    ...event,
    identifiers: [...also, { type: "anonymous", value: person }],
    consent: grant,
  });
  save();
  plan(queue.length < BODY_EVENTS / 2 ? GATHER_MS : 0);
};

// With the request goes the time by the browser's clock: the collector takes the clock's error out.
const target = () => {
  url.searchParams.set("sent", Date.now());
  return url;
};

const route = () => location.pathname + (location.hash.startsWith("#/") ? location.hash.split("?")[0] : "");

const track = (touchpoint, more = {}) => {
  if (document.prerendering) return listen(document, "prerenderingchange", () => track(touchpoint, more));
  try {
    const text = JSON.stringify({
      type: "touchline.touchpoint.v1",
      id: unique(),
      time: new Date(),
      ...more,
      touchpoint,
      properties: { path: route(), ...more.properties },
    });
    if (text.length > EVENT_CHARACTERS) throw "the event is too large: it is left out";
    const event = JSON.parse(text);
    if (mayGo()) add(event);
    else if (state == "unknown") held = [...held, event].slice(-HELD_EVENTS);
    return event;
  } catch (error) {
    warn(error);
  }
};

const view = (name, more = {}) => {
  const query = new URLSearchParams(location.search);
  const said = (name) => query.get("utm_" + name) || undefined;
  const from = document.referrer && new URL(document.referrer).host;
  lastPage = [name, more];
  heldView = track(name || document.documentElement.dataset.page || "web_page", {
    action: "view",
    campaign: said("campaign"),
    ...more,
    properties: {
      referrer: from && from != location.host ? from : undefined,
      "campaign.source": said("source"),
      "campaign.medium": said("medium"),
      ...more.properties,
    },
  });
};

// Of each route once, until it is left.
const look = () => {
  if (document.prerendering || options.pages == "manual" || viewed == route()) return;
  viewed = route();
  view();
};

// What this page has; other tabs may have agreed anew.
const drop = () => {
  turn++;
  queue = [];
  held = [];
  also = [];
  isSaved = 0;
  storing((storage) => storage.removeItem(slot));
};

const forget = () => {
  drop();
  storing((storage) => Object.keys(storage).forEach((name) => {
    if (name == ID || name.startsWith(QUEUE)) storage.removeItem(name);
  }));
};

const consent = (said) => {
  if (document.prerendering) return listen(document, "prerenderingchange", () => consent(said));
  const { state: next, since, id, purposes } = said.state ? said : { state: said };
  const was = state;
  if (refuses) return;
  if (!["granted", "denied", "unknown"].includes(next)) warn("no state of consent: it is taken for denied");
  state = next == "granted" || next == "unknown" ? next : "denied";
  if (state == "granted") {
    grant = id && { id, purposes };
    if (was == state) return;
    person = storing((storage) => storage[ID]) || unique();
    isKept = storing((storage) => {
      storage[ID] = person;
      return true;
    });
    adopt();
    const meant = held.filter((event) => since && new Date(event.time) >= new Date(since));
    held = [];
    meant.forEach(add);
    if (!meant.includes(heldView)) viewed = 0;
    look();
    plan(0);
  } else if (state == "denied") {
    forget();
  }
};

const mark = (element, action) => {
  if (element) track(element.dataset.touchpoint, { action: element.dataset.action || action });
};

const api = {
  consent,
  track,
  page: view,
  identify: (type, value) => {
    also = [...also.filter((one) => one.type != type), { type, value }];
  },
  flush: send,
  push: ([name, ...words]) => api[name](...words),
  get id() {
    return state == "granted" ? person : undefined;
  },
};
page.touchline = api;

for (const name of ["pushState", "replaceState"]) {
  const before = history[name];
  history[name] = function (...words) {
    before.apply(this, words);
    look();
  };
}
listen(page, "popstate", look);
listen(page, "pagehide", leave);
listen(page, "pageshow", (event) => {
  isAway = false;
  if (!event.persisted) return;
  viewed = 0;
  if (options.pages == "manual" && lastPage) view(...lastPage);
  look();
});
listen(page, "online", () => {
  notBefore = 0;
  send();
});
listen(document, "visibilitychange", () => {
  if (document.visibilityState == "hidden") send();
});
listen(document, "click", ({ target }) => mark(target.closest && target.closest("[data-touchpoint]:not(form)"), "click"));
listen(document, "submit", ({ target }) => mark(target.closest("form[data-touchpoint]"), "submit"));
const start = () => {
  if (refuses) forget();
  look();
  [].concat(early || []).forEach(api.push);
  if (options.consent) consent(options.consent);
};
document.prerendering ? listen(document, "prerenderingchange", start) : start();
})();
