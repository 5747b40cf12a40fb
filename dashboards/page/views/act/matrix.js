/**
 * The priority matrix: gap to the target across, impact upwards, with the interval of the gap; filled where the whole interval lies below the
 * target, and a diamond where the answers are simulated.
 */
import { html } from "../../vendor/preact.js";
import { inView, write } from "../../core/address.js";
import { kpiName } from "../../core/kpi.js";
import { useStore } from "../../core/store.js";
import { Chart, plain, tipOf } from "../../parts/chart.js";
import { whiskers } from "../../parts/whiskers.js";
import { behind, isAlarm } from "./behind.js";

const narrow = matchMedia("(max-width: 720px)").matches;
/** Names stand beside the foremost only: the others are read by pointer, keyboard or as a table. */
const LABELLED = narrow ? 2 : 6;

export function Matrix({ rows, side }) {
  const { t, fmt, state, go } = useStore();
  const shown = rows.filter((row) => row.gap != null && row.impact != null);
  if (!shown.length) return html`<p class="muted">${t("act.matrix.none")}</p>`;
  const open = (row) => go(write(inView({ ...state, filter: side.filter }, "journeys", { filter: behind(row), from: side.period.from, to: side.period.to, compare: null })));
  const isMade = (row) => Number(row.is_simulated) === 1;
  const said = (row) => t("act.point", { name: row.name, kpi: kpiName(t, row), gap: fmt.percent(row.gap), impact: fmt.one(row.impact), n: Number(row.n), verdict: t(Number(row.is_flagged) ? "act.flagged" : "act.not_flagged") })
    + (isMade(row) ? `; ${t("simulated")}` : "");
  const gapAt = (row, value) => (Number(row.target) - Number(value)) / (Number(row.scale_high) - Number(row.scale_low));
  const option = (colours) => {
    const { axisX, axisY, tooltip } = plain(colours);
    const point = (row) => ({
      value: [Number(row.gap), Number(row.impact)], symbolSize: 10 + Math.min(Math.sqrt(Number(row.n)), 24),
      symbol: isMade(row) ? "diamond" : "circle",
      itemStyle: {
        color: isAlarm(row) ? colours.bad : colours.surface, opacity: 1,
        ...(isMade(row) ? { borderColor: colours.simulated, borderWidth: 2 } : { borderColor: isAlarm(row) ? colours.surface : colours.neutral, borderWidth: 2 }),
      },
      label: { show: row.rank != null && Number(row.rank) <= LABELLED, formatter: narrow ? row.name : `${row.name} · ${kpiName(t, row)}`, position: "top", color: colours.text, fontSize: 12, fontWeight: 560, distance: 5, textBorderColor: colours.surface, textBorderWidth: 3 },
    });
    return {
      grid: { left: 64, right: 32, top: 18, bottom: 46 },
      xAxis: { type: "value", name: t("act.axis.gap"), nameLocation: "middle", nameGap: 30, ...axisX, splitLine: { show: true, lineStyle: { color: colours.line } }, nameTextStyle: { color: colours.muted }, axisLabel: { ...axisX.axisLabel, hideOverlap: true, formatter: (value) => fmt.percent(value) } },
      yAxis: { type: "value", name: t("act.axis.impact"), nameLocation: "middle", nameGap: 46, ...axisY, axisLabel: { ...axisY.axisLabel, formatter: (value) => fmt.short(value) } },
      tooltip: { ...tooltip, trigger: "item", formatter: ({ dataIndex }) => tipOf(said(shown[dataIndex]).split("; ")) },
      series: [
        { type: "scatter", data: shown.map(point), z: 4, labelLayout: { moveOverlap: "shiftY", hideOverlap: true }, markLine: { silent: true, symbol: "none", label: { show: true, formatter: t("table.target"), color: colours.muted, position: "insideEndTop" }, lineStyle: { color: colours.text, type: "dashed", width: 1.2 }, data: [{ xAxis: 0 }] } },
        whiskers(shown.filter((row) => row.scale_low != null).map((row) => [Number(row.impact), gapAt(row, row.ci_high), gapAt(row, row.ci_low)]), colours.neutral, { lying: true, width: 1.3 }),
      ],
    };
  };
  const points = shown.map((row, at) => ({ seriesIndex: 0, dataIndex: at, text: said(row), open: () => open(row) }));
  return html`<${Chart} option=${option} points=${points} height=${360} depends=${[JSON.stringify(shown.map((row) => [row.name, row.gap, row.impact, row.n, row.is_flagged, row.rank, row.is_simulated])), t]}
    label=${t("act.label", { count: shown.length })} onClick=${(event) => shown[event.dataIndex] && event.seriesIndex === 0 && open(shown[event.dataIndex])} />
    <ul class="legend"><li><i class="swatch bad"></i>${t("act.legend.flagged")}</li><li><i class="swatch hollow"></i>${t("act.legend.rest")}</li>${shown.some(isMade) && html`<li><i class="swatch diamond"></i>${t("act.legend.simulated")}</li>`}<li>${t("act.legend.size")}</li></ul>
    ${rows.length > shown.length && html`<p class="small muted">${t("act.unplaced", { count: rows.length - shown.length })}</p>`}`;
}
