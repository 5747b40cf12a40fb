// The widget: shows one question where it stands in a page, in a shadow root, so that neither style reaches the other.
//   <script src="https://ask.example/w/touchline-ask.js" data-link="…" defer></script>
// Options: data-into (a selector; else right after the script), data-language. It keeps nothing and sends nothing but the answer.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !script.dataset.link) return;
  const { link, into, language } = script.dataset;
  const server = new URL(script.src).origin;
  const address = `${server}/w/${encodeURIComponent(link)}`;
  const STYLE = `
    :host { display: block; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
    form { border: 1px solid; border-radius: .5rem; padding: 1rem; }
    fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
    legend, .text { font-weight: 600; margin: 0 0 .5rem; padding: 0; display: block; }
    .points { display: grid; gap: .4rem; grid-template-columns: repeat(auto-fill, minmax(2.5rem, 1fr)); }
    .points label { display: flex; flex-direction: column; align-items: center; min-height: 2.75rem; }
    .options label { display: flex; gap: .5rem; align-items: center; min-height: 2.5rem; }
    .ends { display: flex; justify-content: space-between; gap: 1rem; margin: .25rem 0 0; font-size: .875rem; }
    textarea { width: 100%; box-sizing: border-box; font: inherit; }
    button { min-height: 2.75rem; padding: 0 1rem; margin: .75rem .5rem 0 0; font: inherit; }`;
  let root;
  let asked;
  let known = {};

  function make(name, properties, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }

  async function call(body) {
    const options = body && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...body, scan: asked.scan, language: asked.question.language }),
    };
    const query = !body && language ? `?language=${encodeURIComponent(language)}` : "";
    const answer = await fetch(address + query, { ...options, credentials: "omit", referrerPolicy: "origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  function say(text) {
    const line = make("p", { tabIndex: -1 }, text);
    line.setAttribute("role", "status");
    root.replaceChildren(line);
    line.focus();
  }

  function choice(value, text, more) {
    const input = make("input", { type: "radio", name: "answer", value, required: true });
    if (more) input.setAttribute("aria-label", `${text}, ${more}`);
    return make("label", {}, input, text);
  }

  function text(label, isNeeded) {
    const area = make("textarea", { name: "comment", rows: 3, maxLength: 1000, required: isNeeded });
    return make("label", {}, make("span", { className: "text" }, label), area, make("small", {}, asked.words.no_names));
  }

  function form(body, isFirst) {
    const { words } = asked;
    const fault = make("p");
    fault.setAttribute("role", "alert");
    const dismiss = make("button", { type: "button", onclick: () => send({ dismiss: true }, fault) }, words.dismiss);
    const whole = make("form", {}, fault, body, make("button", {}, words.send), ...(isFirst ? [dismiss] : []));
    whole.lang = asked.question.language;
    whole.addEventListener("submit", (event) => {
      event.preventDefault();
      send(Object.fromEntries(new FormData(whole)), fault);
    });
    root.replaceChildren(whole);
    return whole;
  }

  function ask() {
    const { question, points } = asked;
    if (question.kind === "open") return form(text(question.text, true), true);
    const low = question.low || "";
    const high = question.high || "";
    const last = points.length - 1;
    const found = question.options
      ? question.options.map((one) => choice(one.id, one.text))
      : points.map((one, at) => choice(String(one), String(one), at === 0 ? low : at === last ? high : ""));
    const box = make("div", { className: question.options ? "options" : "points" }, ...found);
    const ends = make("p", { className: "ends" }, make("span", {}, low), make("span", {}, high));
    ends.setAttribute("aria-hidden", "true");
    return form(make("fieldset", {}, make("legend", {}, question.text), box, ...(low || high ? [ends] : [])), true);
  }

  async function send(body, fault) {
    const { words, question } = asked;
    try {
      const { state, said, seal, fault: why } = await call({ ...known, ...body });
      if (why) {
        fault.textContent = words[why];
      } else if (state === "commenting") {
        known = { said, seal };
        const next = form(text(`${question.thanks} ${question.comment} (${words.optional})`, false), false);
        next.querySelector("textarea").focus();
      } else {
        say(state === "thanks" ? question.thanks : words[state]);
      }
    } catch {
      fault.textContent = words.later;
    }
  }

  async function begin() {
    try {
      asked = await call();
    } catch {
      return; // Nothing to ask, or not now: the page is as it would be without.
    }
    if (asked.state !== "asking") return;
    const host = make("div");
    const place = into && document.querySelector(into);
    if (place) place.append(host);
    else script.after(host);
    root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    ask();
  }

  begin();
})();
