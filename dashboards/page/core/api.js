/** Asking the server: few questions at a time, the cheap ones first, and none whose answer nobody waits for any more. */

const AT_A_TIME = 4;
/** Up to this cost a question is one of the first numbers: they have the server to themselves. */
const FIRST = 1;
const KEPT_ANSWERS = 80;
const waiting = [];
const answers = new Map();
const running = [];

/** A problem that the server or the way to it reports: `title`, `field`, `hint` and `status` (0: no answer at all). */
export class Problem extends Error {
  constructor(fields) {
    super(fields.title ?? "");
    Object.assign(this, fields);
  }
}

/** @returns {string} the address of a question; lists become repeated parameters, null is left out */
export function address(path, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one != null && one !== undefined) query.append(key, one);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** @returns {Promise<any>} the answer as JSON; `cost` orders what waits (0 first; above 1 it waits for those below); `signal` takes the question back */
export function ask(url, { cost = 1, signal } = {}) {
  if (answers.has(url)) return Promise.resolve(kept(url));
  return new Promise((resolve, reject) => {
    const question = { url, cost, signal, resolve, reject };
    signal?.addEventListener("abort", () => {
      const at = waiting.indexOf(question);
      if (at >= 0) waiting.splice(at, 1);
      reject(new DOMException("taken back", "AbortError"));
    }, { once: true });
    waiting.push(question);
    waiting.sort((one, other) => one.cost - other.cost);
    next();
  });
}

/** Forget all answers: the next questions reach the ledger again. */
export function forget() {
  answers.clear();
}

function kept(url) {
  const answer = answers.get(url);
  answers.delete(url);
  answers.set(url, answer);
  return answer;
}

function next() {
  while (running.length < AT_A_TIME && waiting.length && !isHeldBack(waiting[0])) {
    const question = waiting.shift();
    running.push(question);
    send(question).then(question.resolve, question.reject).finally(() => {
      running.splice(running.indexOf(question), 1);
      next();
    });
  }
}

const isHeldBack = ({ cost }) => cost > FIRST && running.some((one) => one.cost <= FIRST);

async function send({ url, signal }) {
  if (answers.has(url)) return kept(url);
  let response;
  try {
    response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ status: 0, title: "no answer" });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem({ ...body, status: response.status });
  answers.set(url, body);
  if (answers.size > KEPT_ANSWERS) answers.delete(answers.keys().next().value);
  return body;
}

/** What is asked with a key: sent once, kept nowhere, and not in the address. @returns {Promise<any>} the answer as JSON */
export async function askWithKey(url, key, question) {
  let response;
  try {
    response = await fetch(url, { method: "POST", cache: "no-store", headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` }, body: JSON.stringify(question) });
  } catch {
    throw new Problem({ status: 0, title: "no answer" });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem({ ...body, status: response.status });
  return body;
}
