/** A panel: a title, what it says, and what one can do with it (as table, SQL, CSV, PNG). It shows its own waiting, emptiness and failure. */
import { html, useRef, useState } from "../vendor/preact.js";
import { useStore } from "../core/store.js";
import { Icon } from "./icons.js";
import { savePng } from "./png.js";
import { SqlDialog } from "./sql.js";
import { Failure, Skeleton } from "./states.js";
import { Table } from "./table.js";

/**
 * @param {object} props
 * @param {string} props.title
 * @param {any[]} props.queries   [title, query] of what it shows: their SQL and CSV; the first is the main one
 * @param {any} props.status      of `joined(…)`
 * @param {{columns: any[], rows: any[]}} [props.table]  what `as table` shows instead of the picture
 * @param {string} [props.empty]  what to say when there is nothing
 */
export function Panel({ title, note, queries = [], status, table, empty, actions, children, height = 220, level = 2, name, wide }) {
  const { t } = useStore();
  const [asTable, setAsTable] = useState(false);
  const [sql, setSql] = useState(false);
  const box = useRef(null);
  const asked = queries.filter(([, query]) => query.url);
  return html`<section class=${`panel ${wide ? "wide" : ""}`} ref=${box} aria-busy=${status.status === "loading" || status.stale} data-status=${status.stale ? "loading" : status.status} data-panel=${name}>
    <header class="panel-head">
      <div class="panel-title">${level === 2 ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`}${note && html`<p class="muted small">${note}</p>`}</div>
      <div class="panel-actions" data-export="no">
        ${actions}
        ${table && html`<button class="button bare tiny" aria-pressed=${asTable} onClick=${() => setAsTable(!asTable)}><${Icon} name="table" size=${14} />${t("panel.table")}</button>`}
        ${asked.length > 0 && html`<button class="button bare tiny" onClick=${() => setSql(true)}><${Icon} name="sql" size=${14} />${t("panel.sql")}</button>`}
        ${asked.slice(0, 1).map(([, query]) => html`<a class="button bare tiny" href=${csvOf(query)} download><${Icon} name="csv" size=${14} />${t("panel.csv")}</a>`)}
        <button class="button bare tiny" onClick=${() => savePng(box.current, `touchline-${name}`)}><${Icon} name="image" size=${14} />${t("panel.png")}</button>
      </div>
    </header>
    <${Body} ...${{ status, empty, height, asked }}>${asTable && table ? html`<${Table} ...${table} caption=${title} />` : children}</${Body}>
    ${sql && html`<${SqlDialog} queries=${asked} onClose=${() => setSql(false)} />`}
  </section>`;
}

function Body({ status, empty, height, children }) {
  if (status.status === "failed") return html`<${Failure} error=${status.error} />`;
  if (status.status === "loading") return html`<${Skeleton} height=${height} />`;
  if (empty) return html`<div class="empty"><p>${empty}</p></div>`;
  return html`<div class=${`panel-body ${status.stale ? "is-stale" : ""}`}>${children}</div>`;
}

/** The same rows as a file. */
export function csvOf(query) {
  const [path, search] = query.url.split("?");
  const params = new URLSearchParams(search);
  params.set("format", "csv");
  return `${path}?${params}`;
}

