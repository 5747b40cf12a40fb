/** How far journeys come: reached, continued, lost, still open; rates of the journeys whose window is over. */
import { html } from "../vendor/preact.js";
import { joined, useQuery } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Range } from "../parts/interval.js";
import { Simulated } from "../parts/badges.js";
import { Number_ } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";

export function FunnelView() {
  return html`<${Sides}>${(side) => html`<${Funnel} side=${side} key=${side.id} />`}<//>`;
}

function Funnel({ side }) {
  const { t, fmt, state, change, names } = useStore();
  const mode = state.mode === "any" ? "any" : "in_order";
  const funnel = useQuery("funnel", side, { ...side.asOf, mode }, { cost: 1 });
  const rows = funnel.rows.map((row) => ({ ...row, name: names.stage.get(row.stage) ?? row.stage })).sort((one, other) => one.stage_order - other.stage_order);
  const most = Math.max(...rows.map((row) => Number(row.reached)), 1);
  const modes = html`<div class="segmented" role="group" aria-label=${t("funnel.mode")}>${["in_order", "any"].map((name) =>
    html`<button aria-pressed=${mode === name} onClick=${() => change({ mode: name === "any" ? "any" : null }, { replace: true })}>${t(`funnel.${name}`)}</button>`)}</div>`;
  return html`<${Panel} name=${`funnel-${side.id}`} title=${t("view.funnel")} note=${`${t(`funnel.${mode}.note`)} ${t("funnel.note", { moment: fmt.moment(side.asOf.as_of) })}`} status=${joined(funnel)} height=${360}
    queries=${[[t("query.funnel"), funnel]]} actions=${modes} empty=${rows.some((row) => Number(row.reached)) ? "" : t("funnel.empty")} table=${{ columns: columnsOf(t, fmt, side, mode), rows }}>
    <${Simulated} show=${rows.some((row) => Number(row.is_simulated) === 1)} />
    <ul class="legend"><li><i class="swatch good"></i>${t("funnel.advanced")}</li><li><i class="swatch bad"></i>${t("funnel.dropped")}</li><li><i class="swatch open"></i>${t("funnel.open")}</li></ul>
    <ol class="funnel">${rows.map((row, at) => html`<${Step} row=${row} most=${most} mode=${mode} side=${side} last=${at === rows.length - 1} />`)}</ol>
  <//>`;
}

/** What selects the journeys behind a count of the funnel. */
export function drillOf(row, kind, mode) {
  const column = mode === "any" ? "stage_max" : "depth";
  const order = String(row.stage_order);
  if (kind === "reached") return { [`${column}_min`]: order };
  if (kind === "advanced") return { [`${column}_min`]: String(Number(row.stage_order) + 1) };
  return { [column]: order, state: kind === "open" ? "open" : "closed,converted" };
}

function Step({ row, most, mode, side, last }) {
  const { t, fmt } = useStore();
  const part = (kind) => `${((Number(row[kind]) / most) * 100).toFixed(3)}%`;
  const count = (kind) => html`<${Number_} side=${side} drill=${Number(row[kind]) && drillOf(row, kind, mode)} label=${t("funnel.open_list", { what: t(`funnel.${kind}`), count: Number(row[kind]), stage: row.name })}>${fmt.whole(row[kind])}<//>`;
  return html`<li class="funnel-step" data-stage=${row.stage}>
    <div class="funnel-head"><h3><span class="stage-number small">${row.stage_order}</span>${row.name}</h3><p class="funnel-reached"><strong>${count("reached")}</strong> <span class="muted">${t("funnel.reached")}</span></p></div>
    <div class="funnel-bar" aria-hidden="true"><span class="good" style=${{ width: part("advanced") }}></span><span class="bad" style=${{ width: part("dropped") }}></span><span class="open" style=${{ width: part("open") }}></span></div>
    <p class="small funnel-counts">${!last && html`<span>${t("funnel.advanced")} ${count("advanced")}</span>`}<span>${t("funnel.dropped")} ${count("dropped")}</span><span>${t("funnel.open")} ${count("open")}</span></p>
    ${!last && html`<div class="funnel-rate">${row.rate == null ? html`<p class="muted small">${t("funnel.no_rate")}</p>`
      : html`<p><strong class="tabular">${fmt.percent(row.rate)}</strong> <span class="muted small">${t("funnel.rate", { interval: fmt.range(row.ci_low, row.ci_high, fmt.percent), n: Number(row.denominator) })}</span></p>
        <${Range} value=${row.rate} low=${row.ci_low} high=${row.ci_high} from=${0} to=${1} tone="accent" label=${t("interval.label", { value: fmt.percent(row.rate), low: fmt.percent(row.ci_low), high: fmt.percent(row.ci_high) })} />`}</div>`}
  </li>`;
}

function columnsOf(t, fmt, side, mode) {
  const count = (key) => ({ key, title: t(`funnel.${key}`), number: true, cell: (row) => html`<${Number_} side=${side} drill=${Number(row[key]) && drillOf(row, key, mode)}>${fmt.whole(row[key])}<//>` });
  return [
    { key: "name", title: t("filter.stage") }, count("reached"), count("advanced"), count("dropped"), count("open"),
    { key: "rate", title: t("table.rate"), number: true, cell: (row) => fmt.percent(row.rate) },
    { key: "ci", title: t("table.interval"), number: true, cell: (row) => fmt.range(row.ci_low, row.ci_high, fmt.percent) },
    { key: "denominator", title: "n", number: true, cell: (row) => fmt.whole(row.rate == null ? null : row.denominator) },
  ];
}
