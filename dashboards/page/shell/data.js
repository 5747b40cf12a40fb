/** What the numbers rest on: which map, how fresh, whether the account balances, what is unmapped or kept out. */
import { html, useState } from "../vendor/preact.js";
import { asOf } from "../core/sides.js";
import { objects, useQuery, useUrl } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Simulated } from "../parts/badges.js";
import { Icon } from "../parts/icons.js";
import { Table } from "../parts/table.js";

const LAST = 9;

export function DataFoot() {
  const { t, fmt, map, state, values, sides } = useStore();
  const [open, setOpen] = useState(false);
  const account = useUrl("/api/q/account", LAST, objects);
  const freshness = useUrl("/api/q/freshness", LAST, objects);
  const unmapped = useUrl("/api/q/unmapped", LAST, objects);
  const unclassified = useUrl("/api/q/unclassified_answers", LAST, objects);
  const quarantine = useUrl("/api/q/quarantine?count=1", LAST, objects);
  const volume = useQuery("volume_by_touchpoint", sides[0], {}, { cost: LAST });
  const total = (query, column) => query.rows.reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
  const events = total(volume, "events");
  const loose = volume.rows.reduce((sum, row) => sum + (row.stage == null ? Number(row.events) : 0), 0);
  const off = account.rows.filter((row) => Number(row.is_balanced) !== 1).length;
  const newest = freshness.rows.map((row) => row.last_stored_at).filter(Boolean).sort().at(-1);
  const simulated = (values.is_simulated ?? []).some(([value]) => value === "1");
  const fact = (query, name, content) => html`<span class="foot-fact" data-fact=${name}><span class="muted">${t(`data.${name}`)}</span> ${query.status === "loading" ? html`<span class="wait"></span>` : query.status === "failed" ? html`<span class="bad">${t("data.away")}</span>` : content}</span>`;
  return html`<footer class="foot panel" aria-label=${t("data")}>
    <div class="foot-line small">
      <span class="foot-fact"><span class="muted">${t("map")}</span> <strong>${map.map}</strong> ${t("data.version", { version: map.map_version })}</span>
      <span class="foot-fact"><span class="muted">${t("data.as_of")}</span> ${fmt.moment(asOf(state, map))} UTC</span>
      ${fact(freshness, "stored", fmt.moment(newest))}
      ${fact(account, "account", off ? html`<span class="badge bad">${t("data.unbalanced", { count: off })}</span>` : html`<span class="badge good">${t("data.balanced")}</span>`)}
      ${fact(volume, "unmapped", t("data.unmapped.is", { count: loose, share: events ? fmt.percent(loose / events) : fmt.none }))}
      ${fact(quarantine, "quarantine", fmt.whole(quarantine.rows[0]?.count ?? 0))}
      ${simulated && html`<${Simulated} show=${true} />`}
      <button class="button bare tiny" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t("data.more")}<${Icon} name=${open ? "up" : "down"} size=${12} /></button>
    </div>
    ${open && html`<div class="row">
      <div><h2>${t("data.sources")}</h2><${Table} caption=${t("data.sources")} rows=${freshness.rows} columns=${[
        { key: "source", title: t("data.source") }, { key: "events", title: t("fact.events"), number: true, cell: (row) => fmt.whole(row.events) },
        { key: "last_event_time", title: t("data.last_event"), number: true, cell: (row) => fmt.moment(row.last_event_time) },
        { key: "last_stored_at", title: t("data.stored"), number: true, cell: (row) => fmt.moment(row.last_stored_at) }]} /></div>
      ${unmapped.rows.length > 0 && html`<div><h2>${t("data.unmapped.all")}</h2><${Table} caption=${t("data.unmapped.all")} rows=${unmapped.rows.slice(0, 12)} columns=${[
        { key: "touchpoint", title: t("filter.touchpoint") }, { key: "action", title: t("data.action") }, { key: "source", title: t("data.source") }, { key: "events", title: t("fact.events"), number: true, cell: (row) => fmt.whole(row.events) }]} /></div>`}
      ${unclassified.rows.length > 0 && html`<div><h2>${t("data.unclassified.all")}</h2><${Table} caption=${t("data.unclassified.all")} rows=${unclassified.rows.slice(0, 12)} columns=${[
        { key: "touchpoint", title: t("filter.touchpoint") }, { key: "kpi", title: t("data.kpi"), cell: (row) => [row.kpi, row.variant].filter(Boolean).join(" ") },
        { key: "scale_min", title: t("data.scale"), cell: (row) => t("data.scale.is", { low: row.scale_min, high: row.scale_max }) },
        { key: "answers", title: t("card.answers"), number: true, cell: (row) => fmt.whole(row.answers) }, { key: "score_mean", title: t("data.score"), number: true, cell: (row) => fmt.one(row.score_mean) }]} /></div>`}
    </div>`}
  </footer>`;
}
