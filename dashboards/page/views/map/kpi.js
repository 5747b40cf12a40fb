/** One KPI of a touchpoint, on one side or two. */
import { html } from "../../vendor/preact.js";
import { kpiKey, kpiName, kpiTitle } from "../../core/kpi.js";
import { useStore } from "../../core/store.js";
import { Simulated, SmallN, Suppressed, Verdict, Wordings } from "../../parts/badges.js";
import { KpiRange } from "../../parts/interval.js";
import { Number_ } from "../../parts/link.js";
import { Trend } from "../../parts/trend.js";

export function Kpi({ group, several, touchpoint, stage, marked }) {
  return html`<div class="kpi" data-kpi=${group[0].row.kpi}>
    ${group.map(({ row, side }) => html`<${Value} row=${row} side=${side} several=${several} touchpoint=${touchpoint} stage=${stage} marked=${marked} />`)}
  </div>`;
}

/** The journeys that the answers of a row are about. */
const behind = (row, touchpoint, stage) => ({ answers: kpiKey(row), filter: { touchpoint: [touchpoint.id], stage: [stage?.id ?? ""], is_simulated: [String(Number(row.is_simulated))] } });

function Value({ row, side, several, touchpoint, stage, marked }) {
  const { t, fmt, catalogue } = useStore();
  const write = (value) => fmt.kpi(value, row.unit);
  const known = catalogue.get(`${row.kpi}/${row.variant}`);
  const tip = [kpiTitle(t, row), known?.formula, row.question && `“${row.question}”`].filter(Boolean).join("\n");
  const name = html`${several && html`<span class=${`side-tag side-${side.id}`}>${side.id.toUpperCase()}</span>`}
    <span class="kpi-name"><span tabindex="0" data-tip=${tip} class="has-tip">${kpiName(t, row)}</span></span>`;
  if (Number(row.is_suppressed) === 1) return html`<div class="kpi-line">${name}<${Suppressed} /></div>`;
  if (row.value == null) return html`<div class="kpi-line">${name}<span class="muted small">${t("kpi.none")}</span></div>`;
  return html`<div class="kpi-value">
    <div class="kpi-line">${name}<strong class="kpi-big tabular" data-value=${row.value}>${write(row.value)}</strong>
      <span class="muted small tabular">n <${Number_} side=${side} drill=${behind(row, touchpoint, stage)} tip=${t("kpi.open.tip")} label=${t("kpi.open", { count: Number(row.n), name: touchpoint.name })}>${fmt.whole(row.n)}<//></span>
      <${SmallN} row=${row} short=${true} /><${Wordings} row=${row} />${marked && html`<${Simulated} row=${row} />`}<${Verdict} row=${row} short=${true} /></div>
    <${KpiRange} row=${row} />
    <div class="kpi-line small"><span class="muted tabular">${t("interval.is", { low: write(row.ci_low), high: write(row.ci_high) })}</span><${Trend} row=${row} /></div>
  </div>`;
}
