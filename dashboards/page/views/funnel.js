/** How far journeys come: reached, continued, completed, lost, still open; rates of the journeys whose window is over. */
import { html } from "../vendor/preact.js";
import { PARTS, REST, drillOf, modeOf } from "../core/funnel.js";
import { joined, useQuery } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Range } from "../parts/interval.js";
import { Simulated } from "../parts/badges.js";
import { Number_ } from "../parts/link.js";
import { ModeChoice } from "../parts/mode.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";

const COLOURS = { advanced: "good", completed: "done", dropped: "bad", open: "open" };

export function FunnelView() {
  return html`<${Sides}>${(side) => html`<${Funnel} side=${side} key=${side.id} />`}<//>`;
}

function Funnel({ side }) {
  const { t, fmt, state, names } = useStore();
  const mode = modeOf(state);
  const funnel = useQuery("funnel_stage", side, { ...side.asOf, mode }, { cost: 1 });
  const rows = funnel.rows.map((row) => ({ ...row, name: names.stage.get(row.stage) ?? row.stage })).sort((one, other) => one.stage_order - other.stage_order);
  const most = Math.max(...rows.map((row) => Number(row.reached)), 1);
  return html`<${Panel} name=${`funnel-${side.id}`} title=${`${t("view.funnel")}, ${t(`funnel.mode.${mode}`)}`} note=${`${t(`funnel.${mode}.note`)} ${t("funnel.note", { moment: fmt.moment(side.asOf.as_of) })}`} status=${joined(funnel)} height=${360}
    queries=${[[t("query.funnel"), funnel]]} actions=${html`<${ModeChoice} />`} empty=${rows.some((row) => Number(row.reached)) ? "" : t("funnel.empty")} table=${{ columns: columnsOf(t, fmt, side, mode), rows }}>
    <${Simulated} show=${rows.some((row) => Number(row.is_simulated) === 1)} />
    <ul class="legend">${PARTS.map((kind) => html`<li><i class=${`swatch ${COLOURS[kind]}`}></i>${t(`funnel.${kind}`)}</li>`)}</ul>
    <ol class="funnel">${rows.map((row, at) => html`<${Step} row=${row} most=${most} mode=${mode} side=${side} last=${at === rows.length - 1} />`)}</ol>
  <//>`;
}

function Step({ row, most, mode, side, last }) {
  const { t, fmt } = useStore();
  const part = (kind) => `${((Number(row[kind]) / most) * 100).toFixed(3)}%`;
  const kinds = PARTS.filter((kind) => !(last && kind === "advanced"));
  return html`<li class="funnel-step" data-stage=${row.stage}>
    <div class="funnel-head"><h3><span class="stage-number small">${row.stage_order}</span>${row.name}</h3><p class="funnel-reached"><strong><${Count} row=${row} kind="reached" mode=${mode} side=${side} /></strong> <span class="muted">${t("funnel.reached")}</span></p></div>
    <div class="funnel-bar" aria-hidden="true">${PARTS.map((kind) => html`<span class=${COLOURS[kind]} style=${{ width: part(kind) }}></span>`)}</div>
    <p class="small funnel-counts">${kinds.map((kind) => html`<span>${t(`funnel.${kind}`)} <${Count} row=${row} kind=${kind} mode=${mode} side=${side} /></span>`)}</p>
    ${!last && html`<div class="funnel-rate">${row.rate == null ? html`<p class="muted small">${t("funnel.no_rate")}</p>`
      : html`<p><strong class="tabular">${fmt.percent(row.rate)}</strong> <span class="muted small">${t("funnel.rate", { interval: fmt.range(row.ci_low, row.ci_high, fmt.percent), n: Number(row.denominator) })}</span></p>
        <${Range} value=${row.rate} low=${row.ci_low} high=${row.ci_high} from=${0} to=${1} tone="accent" label=${t("interval.label", { value: fmt.percent(row.rate), low: fmt.percent(row.ci_low), high: fmt.percent(row.ci_high) })} />
        <${Judged} row=${row} mode=${mode} side=${side} />`}</div>`}
  </li>`;
}

/** What became of the journeys that the rate counts: so one sees that nothing of n is left out. */
function Judged({ row, mode, side }) {
  const { t } = useStore();
  return html`<p class="small funnel-counts funnel-judged"><span>${t("funnel.judged", { n: Number(row.denominator) })}</span>${PARTS.map((kind) =>
    html`<span>${t(`funnel.${kind}`)} <${Count} row=${row} kind=${kind} mode=${mode} side=${side} judged=${true} /></span>`)}</p>`;
}

/** A count with the journeys behind it; `judged`: of those whose window is over. */
function Count({ row, kind, mode, side, judged = false }) {
  const { t, fmt } = useStore();
  const count = Number(row[judged ? REST[kind] : kind]);
  const label = row.name && t(judged ? "funnel.judged_list" : "funnel.open_list", { what: t(`funnel.${kind}`), count, stage: row.name });
  return html`<${Number_} side=${side} drill=${count > 0 && drillOf(row, kind, mode, judged)} label=${label}>${fmt.whole(count)}<//>`;
}

function columnsOf(t, fmt, side, mode) {
  const count = (kind, judged = false) => ({
    key: judged ? REST[kind] : kind, number: true, title: judged ? t("funnel.judged_head", { what: t(`funnel.${kind}`) }) : t(`funnel.${kind}`),
    cell: (row) => html`<${Count} row=${row} kind=${kind} mode=${mode} side=${side} judged=${judged} />`,
  });
  return [
    { key: "name", title: t("filter.stage") }, count("reached"), ...PARTS.map((kind) => count(kind)),
    { key: "rate", title: t("table.rate"), number: true, cell: (row) => fmt.percent(row.rate) },
    { key: "ci", title: t("table.interval"), number: true, cell: (row) => fmt.range(row.ci_low, row.ci_high, fmt.percent) },
    { key: "denominator", title: "n", number: true, cell: (row) => fmt.whole(row.rate == null ? null : row.denominator) },
    ...PARTS.map((kind) => count(kind, true)),
  ];
}
