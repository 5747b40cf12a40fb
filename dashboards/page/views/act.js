/** Where to act first: gap to the target times impact on conversion; flagged only where the interval excludes the target. */
import { html, useState } from "../vendor/preact.js";
import { joined, useQuery } from "../core/query.js";
import { kpiName, kpiTitle } from "../core/kpi.js";
import { useStore } from "../core/store.js";
import { Simulated, SmallN, Suppressed } from "../parts/badges.js";
import { KpiRange } from "../parts/interval.js";
import { Number_ } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";
import { behind, isAlarm } from "./act/behind.js";
import { Matrix } from "./act/matrix.js";
import { dataColumn } from "./trend.js";

const FIRST = 12;

export function ActView() {
  return html`<${Sides}>${(side) => html`<${Act} side=${side} key=${side.id} />`}<//>`;
}

function Act({ side }) {
  const { t, names } = useStore();
  const [all, showAll] = useState(false);
  const impact = useQuery("impact", side, {}, { cost: 2 });
  const survey = useQuery("survey_by_touchpoint", side, side.against, { cost: 1 });
  const rows = impact.rows.map((row) => ({ ...scaleOf(row, survey.rows), ...row, name: names.touchpoint.get(row.touchpoint) ?? row.touchpoint }))
    .sort((one, other) => (one.rank ?? Infinity) - (other.rank ?? Infinity));
  const status = joined(impact, survey);
  const flagged = rows.filter((row) => Number(row.is_flagged) === 1);
  const known = rows.filter((row) => row.comparison);
  const hasNoContrast = known.length > 0 && known.every((row) => row.comparison === "no contrast");
  const queries = [[t("query.impact"), impact], [t("query.survey"), survey]];
  return html`
    <${Panel} name=${`act-${side.id}`} title=${t("act.title")} note=${t("act.note")} status=${status} height=${360} queries=${queries}
      empty=${rows.length ? "" : t("act.none")} table=${{ columns: useColumns(side), rows }}>
      <p>${t("act.summary", { count: flagged.length, all: rows.length })} <${Simulated} show=${rows.some((row) => Number(row.is_simulated) === 1)} /></p>
      ${hasNoContrast && html`<p class="notice">${t("act.no_contrast.all")}</p>`}
      <${Matrix} rows=${rows} side=${side} />
    <//>
    <${Panel} name=${`rank-${side.id}`} title=${t("act.list")} note=${t("act.list.note")} status=${status} height=${260} queries=${queries} empty=${rows.length ? "" : t("act.none")}>
      <ol class="ranks">${rows.slice(0, all ? rows.length : FIRST).map((row) => html`<${Rank} row=${row} side=${side} />`)}</ol>
      ${!all && rows.length > FIRST && html`<button class="button more" onClick=${() => showAll(true)}>${t("act.more", { count: rows.length - FIRST })}</button>`}
    <//>`;
}

/** The range and unit of a KPI, from the rows of the survey. */
function scaleOf(row, survey) {
  const found = survey.find((one) => one.kpi === row.kpi && one.variant === row.variant && one.scope === row.scope);
  return found ? { unit: found.unit, scale_low: found.scale_low, scale_high: found.scale_high, target_verdict: Number(row.is_flagged) ? "missed" : null } : {};
}

function Rank({ row, side }) {
  const { t, fmt } = useStore();
  const write = (value) => fmt.kpi(value, row.unit);
  const flagged = Number(row.is_flagged) === 1;
  return html`<li class=${`rank ${isAlarm(row) ? "is-flagged" : ""}`} data-rank=${row.rank}>
    <span class="rank-number" aria-hidden="true">${row.rank ?? fmt.none}</span>
    <div class="rank-what"><h3>${row.name}</h3>
      <p class="small"><span class="muted has-tip" tabindex="0" data-tip=${kpiTitle(t, row)}>${kpiName(t, row)}</span> <${Simulated} row=${row} /> <${SmallN} row=${row} />
        ${flagged ? html`<span class=${`badge ${isAlarm(row) ? "bad" : ""}`}>${t("act.flagged")}</span>` : html`<span class="badge">${t("act.not_flagged")}</span>`}</p></div>
    <div class="rank-kpi">${Number(row.is_suppressed) === 1 ? html`<p><${Suppressed} /></p>` : html`<p class="kpi-line"><strong class="tabular">${write(row.value)}</strong><span class="muted small tabular">${t("interval.is", { low: write(row.ci_low), high: write(row.ci_high) })} · n ${fmt.whole(row.n)}</span></p>
      ${row.scale_low != null && row.value != null && html`<${KpiRange} row=${row} />`}
      <p class="small muted">${row.target == null ? t("act.no_target") : t(Number(row.gap) > 0 ? "act.gap" : "act.no_gap", { target: write(row.target), gap: fmt.percent(row.gap) })}</p>`}</div>
    <div class="rank-effect small">${effect(row, t, fmt)}
      <p class="muted">${t("act.journeys")} <${Number_} side=${side} drill=${{ filter: behind(row) }} label=${t("act.open", { count: Number(row.journeys), name: row.name })}>${fmt.whole(row.journeys)}<//></p></div>
    <p class="rank-score"><span class="muted small">${t("act.score")}</span><strong class="tabular">${fmt.one(row.score)}</strong></p>
  </li>`;
}

/** The difference in conversion in words that claim no cause. */
function effect(row, t, fmt) {
  if (row.comparison == null) return html`<p class="muted">${t("act.effect.none")}</p>`;
  const points = (value) => fmt.signed(Number(value) * 100);
  const values = { difference: points(row.difference), low: points(row.difference_low), high: points(row.difference_high),
    good: fmt.percent(row.conversion_good), bad: fmt.percent(row.conversion_bad), n_good: Number(row.n_good), n_bad: Number(row.n_bad) };
  values.needed = Number(row.n_needed);
  const message = { significant: "good", reversed: "bad", "too few": "too_few", "no contrast": "no_contrast" }[row.comparison] ?? "unproved";
  return html`<p>${t(`act.effect.${message}`, values)}</p>`;
}

function useColumns(side) {
  const { t, fmt } = useStore();
  return [
    { key: "name", title: t("filter.touchpoint") }, { key: "kpi", title: t("table.kpi"), cell: (row) => kpiTitle(t, row) },
    { key: "value", title: t("table.value"), number: true, cell: (row) => fmt.kpi(row.value, row.unit) },
    { key: "ci", title: t("table.interval"), number: true, cell: (row) => fmt.range(row.ci_low, row.ci_high, (value) => fmt.kpi(value, row.unit)) },
    { key: "n", title: "n", number: true, cell: (row) => fmt.whole(row.n) }, { key: "target", title: t("table.target"), number: true, cell: (row) => fmt.kpi(row.target, row.unit) },
    { key: "gap", title: t("act.axis.gap"), number: true, cell: (row) => fmt.percent(row.gap) },
    { key: "journeys", title: t("act.journeys"), number: true, cell: (row) => html`<${Number_} side=${side} drill=${{ filter: behind(row) }}>${fmt.whole(row.journeys)}<//>` },
    { key: "impact", title: t("act.axis.impact"), number: true, cell: (row) => fmt.one(row.impact) },
    { key: "score", title: t("act.score"), number: true, cell: (row) => fmt.one(row.score) },
    { key: "comparison", title: t("act.comparison"), cell: (row) => (row.comparison ? t(`act.comparison.${row.comparison.replace(" ", "_")}`) : fmt.none) },
    dataColumn(t),
  ];
}
