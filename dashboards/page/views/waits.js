/** How long until the next touchpoint: percentiles, with those who still wait counted as waiting, not left out. */
import { html } from "../vendor/preact.js";
import { joined, useQuery } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Simulated } from "../parts/badges.js";
import { Range } from "../parts/interval.js";
import { Number_ } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";
import { Table } from "../parts/table.js";

export function WaitsView() {
  return html`<${Sides}>${(side) => html`<${Waits} side=${side} key=${side.id} />`}<//>`;
}

function Waits({ side }) {
  const { t, fmt, state, change, names } = useStore();
  const by = state.by === "stage" ? "stage" : "touchpoint";
  const waits = useQuery("waits", side, { ...side.asOf, by }, { cost: 1 });
  const rows = waits.rows.map((row) => ({ ...row, name: names[by].get(row.value) ?? row.value ?? t("unknown") })).sort((one, other) => Number(other.n_followed) + Number(other.n_open) - Number(one.n_followed) - Number(one.n_open));
  const most = Math.log10(Math.max(...rows.map((row) => Number(row.p90_seconds ?? row.p75_seconds ?? row.p50_seconds ?? 0)), 60) + 1);
  const choice = html`<div class="segmented" role="group" aria-label=${t("by")}>${["touchpoint", "stage"].map((name) =>
    html`<button aria-pressed=${by === name} onClick=${() => change({ by: name === "stage" ? "stage" : null }, { replace: true })}>${t(`by.${name}`)}</button>`)}</div>`;
  const log = (seconds) => (seconds == null ? null : Math.log10(Number(seconds) + 1));
  const percentile = (key) => ({ key, title: t(`waits.${key}`), number: true, cell: (row) => (row[key] == null ? html`<span class="muted" tabindex="0" data-tip=${t("waits.not_reached.tip")}>${t("waits.not_reached")}</span>` : fmt.duration(row[key])) });
  const columns = [
    { key: "name", title: t(`by.${by}`) },
    { key: "range", title: t("waits.range"), cell: (row) => html`<span class="wait-range"><${Range} value=${log(row.p50_seconds)} low=${log(row.p50_seconds)} high=${log(row.p90_seconds) ?? most} from=${0} to=${most} tone="accent"
      label=${t("waits.label", { p50: fmt.duration(row.p50_seconds), p90: row.p90_seconds == null ? t("waits.not_reached") : fmt.duration(row.p90_seconds) })} /></span>` },
    percentile("p50_seconds"), percentile("p75_seconds"), percentile("p90_seconds"),
    { key: "n_followed", title: t("waits.followed"), number: true, cell: (row) => html`<${Number_} side=${side} drill=${{ [`${by}_met`]: row.value }} label=${t("waits.followed.open", { count: Number(row.n_followed), name: row.name })}>${fmt.whole(row.n_followed)}<//>` },
    { key: "n_open", title: t("waits.open"), number: true, cell: (row) => html`${fmt.whole(row.n_open)} <span class="muted small">${fmt.percent(row.open_share)}</span>` },
  ];
  return html`<${Panel} name=${`waits-${side.id}`} title=${t("view.waits")} note=${t(`waits.note.${by}`, { moment: fmt.moment(side.asOf.as_of) })} status=${joined(waits)} height=${360} actions=${choice}
    queries=${[[t("query.waits"), waits]]} empty=${rows.length ? "" : t("waits.empty")}><${Simulated} show=${rows.some((row) => Number(row.is_simulated) === 1)} /><${Table} columns=${columns} rows=${rows} caption=${t("view.waits")} /><//>`;
}
