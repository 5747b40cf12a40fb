/** What people wrote, for who has a key: asked when the reader says so, since each reading is written down. Why: docs/decisions/0189. */
import { html, useEffect, useState } from "../vendor/preact.js";
import { askWithKey, Problem } from "../core/api.js";
import { named } from "../core/i18n.js";
import { plusDays } from "../core/period.js";
import { shortPerson } from "../core/person.js";
import { useStore } from "../core/store.js";
import { Simulated } from "../parts/badges.js";
import { Icon } from "../parts/icons.js";

const PAGE = 50;
const FILTERS = ["touchpoint", "stage", "channel", "is_online", "place", "brand", "persona", "segment", "is_simulated"];
/** Of this tab alone, and gone when it is closed. */
let keyOfTab = "";

export function CommentsView() {
  const { t, sides, served } = useStore();
  if (!served) return html`<section class="panel" data-panel="comments" data-status="ready"><div class="empty"><p>${t("comments.unserved")}</p><pre><code>touchline comments</code></pre></div></section>`;
  return html`<${Desk} side=${sides[0]} />`;
}

function Desk({ side }) {
  const { t, fmt } = useStore();
  const [asked, setAsked] = useState({ score_from: "", score_to: "", kpi: "", question: "", language: "", contains: "" });
  const [held, hold] = useState({ status: "idle", comments: [] });
  // What was read under another selection goes; nothing is read anew by itself.
  useEffect(() => hold({ status: "idle", comments: [] }), [JSON.stringify(side.params)]);
  const read = async (after) => {
    hold({ ...held, status: "loading" });
    try {
      const found = await askWithKey("/api/comments", keyOfTab, { ...questionOf(side, asked), next: after });
      hold({ status: "ready", comments: [...(after ? held.comments : []), ...found.comments], next: found.next });
    } catch (error) {
      hold({ status: "failed", comments: [], error });
    }
  };
  const submit = (event) => {
    event.preventDefault();
    keyOfTab = event.target.elements.key.value.trim();
    read(null);
  };
  const field = (name, more = {}) => html`<label class="field"><span class="muted small">${t(`comments.${name}`)}</span>
    <input class="input" value=${asked[name]} onInput=${(event) => setAsked({ ...asked, [name]: event.target.value })} ...${more} /></label>`;
  return html`<section class="panel" data-panel="comments" data-status=${held.status === "idle" ? "ready" : held.status} aria-busy=${held.status === "loading"}>
    <header class="panel-head"><div class="panel-title"><h2>${t("view.comments")}</h2><p class="muted small">${t("comments.note", { period: fmt.period(side.period) })}</p></div></header>
    <form class="fields" onSubmit=${submit} autocomplete="off">
      <label class="field"><span class="muted small">${t("comments.key")}</span><input class="input" type="password" name="key" defaultValue=${keyOfTab} required autocomplete="off" /></label>
      ${field("score_from", { type: "number", step: "any" })}${field("score_to", { type: "number", step: "any" })}
      ${field("kpi")}${field("question")}${field("language")}${field("contains", { type: "search" })}
      <button class="button primary" disabled=${held.status === "loading"}>${t("comments.read")}</button>
    </form>
    <p class="muted small">${t("comments.logged")}</p>
    <${Answer} held=${held} more=${() => read(held.next)} />
  </section>`;
}

function Answer({ held, more }) {
  const { t } = useStore();
  if (held.status === "failed") return html`<${Refused} error=${held.error} />`;
  if (held.status === "ready" && !held.comments.length && !held.next) return html`<div class="empty"><p role="status">${t("comments.none")}</p></div>`;
  return html`<div class="comments" role="list">${held.comments.map((one) => html`<${Comment} key=${`${one.source}/${one.event_id}`} one=${one} />`)}</div>
    ${held.next && html`<button class="button more" disabled=${held.status === "loading"} onClick=${more}>${t("comments.more")}</button>`}`;
}

function Refused({ error }) {
  const { t } = useStore();
  const isKey = error instanceof Problem && error.status === 401;
  return html`<div class="failure" role="alert"><${Icon} name="alert" size=${20} /><div>
    <p><strong>${isKey ? t("comments.refused") : t(error.status === 0 ? "failure.away" : "failure.other")}</strong></p>
    ${!isKey && error.title && html`<p>${error.title}</p>`}
    <p>${isKey ? t("comments.refused.remedy") : error.hint || t("failure.other.remedy")}</p>
  </div></div>`;
}

function Comment({ one }) {
  const { t, fmt, names } = useStore();
  const score = one.score == null ? t("comments.unscored") : t("comments.score", { score: one.score, low: one.scale_min, high: one.scale_max });
  const where = [names?.touchpoint?.get(one.touchpoint) ?? one.touchpoint, one.place && (names?.place?.get(one.place) ?? one.place)].filter(Boolean).join(", ");
  return html`<div class="comment" role="listitem">
    <p class="comment-head"><strong>${score}</strong>${one.kpi && html`<span>${named(t, `kpi.${one.kpi}`, one.kpi.toUpperCase())}</span>`}<span>${where}</span>
      <time class="muted" datetime=${one.answered_at}>${fmt.moment(one.answered_at)} UTC</time>
      ${one.person && html`<code class="muted">${shortPerson(one.person)}</code>`}<${Simulated} show=${one.is_simulated} /></p>
    ${one.text == null ? html`<p class="muted">${t("comments.locked", { key: one.cipher_key_id })}</p>` : html`<p class="comment-text" lang=${one.language ?? undefined} dir="auto">${one.text}</p>`}
  </div>`;
}

/** What the page selects and what stands in the form, as the server takes it. */
function questionOf(side, asked) {
  const number = (text) => (text === "" ? null : Number(text));
  const some = (text) => (text.trim() ? [text.trim()] : []);
  const filter = Object.fromEntries(FILTERS.filter((key) => side.filter[key]?.length).map((key) => [key, side.filter[key]]));
  return {
    ...filter, since: `${side.period.from}T00:00:00Z`, until: `${plusDays(side.period.to, 1)}T00:00:00Z`, limit: PAGE,
    score_from: number(asked.score_from), score_to: number(asked.score_to), language: asked.language.trim() || null,
    kpi: some(asked.kpi), question: some(asked.question), contains: some(asked.contains),
  };
}
