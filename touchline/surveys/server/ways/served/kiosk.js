// The kiosk: one customer after the other, with or without a network. An answer is kept here from the moment it is given until the server
// says that it is safe; what is sent again counts once, since each answer has an id of its own. Whoever touches the screen has the question
// before them: that is kept and sent in the same way, once, under the id of the answer that may follow.
(() => {
  "use strict";
  const body = document.body;
  const link = body.dataset.link;
  const store = `touchline-kiosk:${link}`;
  const sections = [...document.querySelectorAll("section")];
  const waiting = document.querySelector(".waiting");
  const first = sections.find((one) => !one.hidden);
  const THANKED_MS = 4000;
  const IDLE_MS = 45000;
  const AGAIN_MS = 10000;
  const BYTES = 12000;
  let kept = read();
  let isSending = false;
  let timer = 0;
  let scan = "";

  function read() {
    try {
      return JSON.parse(localStorage.getItem(store)) || [];
    } catch {
      return [];
    }
  }

  function keep() {
    try {
      localStorage.setItem(store, JSON.stringify(kept));
    } catch {
      // The disk is full: what is kept in memory is sent all the same, if the page lives until then.
    }
    const answers = kept.filter((one) => !one.shown).length;
    waiting.textContent = answers ? String(answers) : "";
  }

  function newId() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  }

  function show(section, isThanks) {
    clearTimeout(timer);
    for (const one of sections) {
      one.hidden = one !== section;
      one.querySelector("form").hidden = isThanks;
      one.querySelector(".thanks").hidden = !isThanks;
    }
    document.documentElement.lang = section.lang;
    document.title = section.querySelector("h1").textContent;
    if (isThanks) section.querySelector(".thanks").focus();
  }

  function begin(section) {
    for (const one of sections) one.querySelector("form").reset();
    show(section, false);
  }

  function next() {
    scan = "";
    begin(first);
  }

  function seen(section) {
    if (scan) return;
    scan = newId();
    kept.push({ scan, at: Date.now(), answer: "", comment: "", language: section.lang, shown: true });
    keep();
    send();
  }

  function answered(event) {
    event.preventDefault();
    const form = event.target;
    const section = form.closest("section");
    if (section.querySelector(".thanks").hidden === false) return;
    const said = new FormData(form);
    const own = scan || newId();
    scan = "";
    kept = kept.filter((one) => one.scan !== own);
    kept.push({
      scan: own,
      at: Date.now(),
      answer: String(said.get("answer") || ""),
      comment: String(said.get("comment") || ""),
      language: section.lang,
    });
    keep();
    show(section, true);
    timer = setTimeout(next, THANKED_MS);
    send();
  }

  function part() {
    const some = [];
    let bytes = 0;
    for (const one of kept) {
      bytes += new Blob([JSON.stringify(one)]).size + 1;
      if (some.length && (some.length === 50 || bytes > BYTES)) break;
      some.push(one);
    }
    return some;
  }

  async function send() {
    if (isSending || !kept.length) return;
    isSending = true;
    try {
      const answers = part();
      const answer = await fetch(`/k/${link}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ sent_at: Date.now(), answers }),
      });
      if (!answer.ok) return;
      const said = await answer.json();
      const done = new Set([...said.taken, ...Object.keys(said.refused)]);
      // Not by the id alone: meanwhile the answer may have followed what was sent.
      kept = kept.filter((one) => !answers.includes(one) || !done.has(one.scan));
      keep();
      if (done.size && kept.length) setTimeout(send, 0);
    } catch {
      // No network: tried again below.
    } finally {
      isSending = false;
    }
  }

  for (const one of sections) one.querySelector("form").addEventListener("submit", answered);
  for (const one of document.querySelectorAll("[data-language]")) {
    one.addEventListener("click", () => begin(sections.find((section) => section.lang === one.dataset.language)));
  }
  for (const kind of ["input", "click", "keydown"]) {
    addEventListener(kind, () => {
      const section = sections.find((one) => !one.hidden);
      if (!section.querySelector(".thanks").hidden) return;
      clearTimeout(timer);
      timer = setTimeout(next, IDLE_MS);
      seen(section);
    });
  }
  addEventListener("online", send);
  setInterval(send, AGAIN_MS);
  keep();
  send();
  if (navigator.serviceWorker) {
    navigator.serviceWorker
      .register("/k/worker.js", { scope: "/k/" })
      .then(() => navigator.serviceWorker.ready)
      .then((ready) => ready.active.postMessage([location.pathname, ...body.dataset.keeps.split(" ")]))
      .then(() => body.setAttribute("data-kept", ""))
      .catch(() => {});
  }
})();
