/** The curve across the stages: the emotion KPI where it is asked, else the KPI that most stages have; points with intervals. */
import { html, useState } from "../../vendor/preact.js";
import { kpiKey, kpiTitle, kpisIn } from "../../core/kpi.js";
import { joined } from "../../core/query.js";
import { useStore } from "../../core/store.js";
import { Simulated } from "../../parts/badges.js";
import { Chart, plain, tipOf } from "../../parts/chart.js";
import { Failure } from "../../parts/states.js";
import { whiskers } from "../../parts/whiskers.js";

const HEIGHT = 150;
/** Stages stand beneath each other then: the curve has no columns to stand over, and needs names of its own. */
const narrow = matchMedia("(max-width: 720px)");

export function Curve({ data, stages, columns }) {
  const { t } = useStore();
  const [wanted, setWanted] = useState("");
  const status = joined(...data.map((one) => one.stages));
  if (status.status === "failed") return html`<${Failure} error=${status.error} />`;
  if (status.status === "loading") return html`<div class="wait curve-wait" role="status"><span class="hide">${t("loading")}</span></div>`;
  const known = data.flatMap((one) => one.stages.rows).filter((row) => row.stage && Number(row.is_suppressed) !== 1 && row.value != null);
  const spread = (kpi) => new Set(known.filter((row) => kpiKey(row) === kpiKey(kpi)).map((row) => row.stage)).size;
  const kpis = kpisIn(known).sort((one, other) => (other.kpi === "emotion") - (one.kpi === "emotion") || spread(other) - spread(one));
  if (!kpis.length) return html`<p class="curve-none muted small">${t("curve.none")}</p>`;
  const chosen = kpis.find((kpi) => kpiKey(kpi) === wanted) ?? kpis[0];
  const lines = data.flatMap((one) => [0, 1].map((simulated) => ({
    side: one.side, simulated,
    rows: stages.map((stage) => known.find((row) => one.stages.rows.includes(row) && row.stage === stage.id && kpiKey(row) === kpiKey(chosen) && Number(row.is_simulated) === simulated)),
  }))).filter((line) => line.rows.some(Boolean));
  return html`<div class="curve-bar"><label class="small muted">${t("curve.of")} <select class="input" value=${kpiKey(chosen)} onChange=${(event) => setWanted(event.target.value)}>
      ${kpis.map((kpi) => html`<option value=${kpiKey(kpi)}>${kpiTitle(t, kpi)}</option>`)}</select></label>
      ${lines.some((line) => line.simulated) && html`<${Simulated} show=${true} />`}</div>
    <${CurveChart} lines=${lines} stages=${stages} columns=${columns} kpi=${chosen} />`;
}

function CurveChart({ lines, stages, columns, kpi }) {
  const { t, fmt, sides } = useStore();
  const said = (line, at) => {
    const row = line.rows[at];
    return t("curve.point", { stage: stages[at].name, value: fmt.kpi(row.value, row.unit), low: fmt.kpi(row.ci_low, row.unit), high: fmt.kpi(row.ci_high, row.unit), n: Number(row.n) })
      + (line.simulated ? ` (${t("simulated")})` : "");
  };
  const names = [...stages.map((stage) => stage.name), ...Array(columns - stages.length).fill("")];
  const option = (colours) => {
    const { axisX, axisY, tooltip } = plain(colours);
    const colour = (line) => (line.side.id === "b" ? colours["b-side"] : line.simulated ? colours.simulated : colours.accent);
    return {
      grid: { left: 0, right: 0, top: 12, bottom: narrow.matches ? 24 : 12 },
      xAxis: { type: "category", data: names, ...axisX, axisLabel: { ...axisX.axisLabel, show: narrow.matches, interval: 0, formatter: (_, at) => (at < stages.length ? String(at + 1) : "") }, axisLine: { show: false } },
      yAxis: { type: "value", min: Number(kpi.scale_low), max: Number(kpi.scale_high), ...axisY, splitNumber: 2, axisLabel: { ...axisY.axisLabel, inside: true, verticalAlign: "bottom", padding: [0, 0, 2, 0] } },
      tooltip: { ...tooltip, trigger: "item", formatter: ({ seriesIndex, dataIndex }) => tipOf([lines[Math.floor(seriesIndex / 2)] && said(lines[Math.floor(seriesIndex / 2)], dataIndex)]) },
      series: lines.flatMap((line) => [
        { type: "line", data: line.rows.map((row) => (row ? { value: row.value, ...(Number(row.is_small_n) === 1 && { itemStyle: { color: colours.surface, borderColor: colour(line), borderWidth: 2 } }) } : null)), label: { show: lines.length === 1 && !narrow.matches, position: "right", distance: 6, offset: [0, -11], color: colours.text, fontSize: 12, fontWeight: 600, textBorderColor: colours.surface, textBorderWidth: 4, formatter: ({ dataIndex }) => fmt.kpi(line.rows[dataIndex]?.value, kpi.unit) }, connectNulls: true, smooth: 0.3, symbol: "circle", symbolSize: 9, lineStyle: { color: colour(line), width: 2.5, type: line.side.id === "b" ? "dashed" : "solid" }, itemStyle: { color: colour(line), borderColor: colours.surface, borderWidth: 2 }, z: 3 },
        whiskers(line.rows.map((row, at) => row && [at, row.ci_low, row.ci_high]).filter(Boolean), colour(line)),
      ]),
    };
  };
  const points = lines.flatMap((line, number) => line.rows.map((row, at) => row && { seriesIndex: number * 2, dataIndex: at, text: said(line, at) }).filter(Boolean));
  return html`<${Chart} option=${option} points=${points} height=${HEIGHT} depends=${[lines.map((line) => line.rows.map((row) => row?.value).join()).join(";"), kpiKey(kpi), sides.length, columns]}
    label=${`${t("curve.label", { kpi: kpiTitle(t, kpi) })} ${points.map((point) => point.text).join("; ")}.`} />`;
}
