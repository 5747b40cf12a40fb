/** The line with its band: one line for real and one for simulated answers; hollow points where answers are few, a gap where they are suppressed. */
import { html } from "../../vendor/preact.js";
import { rowBucket } from "../../core/bucket.js";
import { kpiTitle, targetOf } from "../../core/kpi.js";
import { useStore } from "../../core/store.js";
import { Chart, plain, tipOf } from "../../parts/chart.js";
import { marksOf } from "./annotations.js";

const moment = (bucket) => (bucket.length === 10 ? `${bucket}T00:00:00Z` : /[zZ]$/.test(bucket) ? bucket : `${bucket.replace(" ", "T")}Z`);

/** Side by side, both sides have the same axis. */
const SCALES = { percent: { min: 0, max: 100 }, points: { min: -100, max: 100 } };

/** Alone, an axis has room for its band and never goes beyond what the KPI can be. */
const within = (scale) => scale && {
  min: ({ min }) => Math.max(scale.min, Math.floor((min - 2) / 10) * 10),
  max: ({ max }) => Math.min(scale.max, Math.ceil((max + 2) / 10) * 10),
};

export function KpiOverTime({ rows, grain, marks, side }) {
  const { t, fmt, sides, catalogue, map } = useStore();
  const lines = [0, 1].map((simulated) => rows.filter((row) => Number(row.is_simulated) === simulated).sort((one, other) => one.bucket.localeCompare(other.bucket))).filter((line) => line.length);
  const unit = catalogue.get(`${rows[0].kpi}/${rows[0].variant}`)?.unit;
  const said = (row) => {
    const when = rowBucket(t, fmt, row, grain);
    if (Number(row.is_suppressed) === 1) return t("trend.point.suppressed", { when });
    return t("trend.point", { when, value: fmt.kpi(row.value, unit), low: fmt.kpi(row.ci_low, unit), high: fmt.kpi(row.ci_high, unit), n: Number(row.n) })
      + (Number(row.is_small_n) === 1 ? `; ${t("small_n")}` : "") + (Number(row.wordings ?? 0) > 1 ? `; ${t("wordings")}` : "") + (Number(row.is_simulated) === 1 ? `; ${t("simulated")}` : "");
  };
  const option = (colours) => {
    const { axisX, axisY, tooltip } = plain(colours);
    const colour = (line) => (side.id === "b" ? colours["b-side"] : Number(line[0].is_simulated) ? colours.simulated : colours.accent);
    const target = targetOf(map.content, rows[0]);
    const series = lines.flatMap((line, at) => {
      const band = { type: "line", stack: `band${at}`, stackStrategy: "all", symbol: "none", silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false }, z: 1 };
      const { markArea, markLine } = marksOf(marks.dated, colours);
      const aim = target == null ? [] : [{ yAxis: Number(target), label: { show: true, formatter: t("table.target"), position: "insideEndTop", color: colours.muted }, lineStyle: { color: colours.text, type: "dashed" } }];
      return [
        { type: "line", data: line.map((row) => ({ value: [moment(row.bucket), row.value], ...(Number(row.is_part) === 1 && { symbol: "emptyDiamond", symbolSize: 11 }), ...(Number(row.is_small_n) === 1 && { itemStyle: { color: colours.surface, borderColor: colour(line), borderWidth: 1.6 } }) })), symbol: "circle", symbolSize: line.length > 60 ? 4 : 7, showSymbol: true, itemStyle: { color: colour(line) }, lineStyle: { color: colour(line), width: 2.2, type: side.id === "b" ? "dashed" : "solid" }, z: 4,
          ...(at === 0 && { markArea, markLine: { ...markLine, data: [...markLine.data, ...aim] } }) },
        { ...band, data: line.map((row) => [moment(row.bucket), row.ci_low]) },
        { ...band, data: line.map((row) => [moment(row.bucket), row.ci_low == null ? null : Number(row.ci_high) - Number(row.ci_low)]), areaStyle: { color: colour(line), opacity: 0.16 } },
      ];
    });
    return {
      useUTC: true, grid: { left: 52, right: 24, top: 24, bottom: lines.some((line) => line.length > 40) ? 72 : 32 },
      xAxis: { type: "time", ...axisX, axisLabel: { ...axisX.axisLabel, hideOverlap: true, formatter: (value) => fmt.tick(value, grain) } }, yAxis: { type: "value", scale: true, ...(sides.length > 1 ? SCALES[unit] : within(SCALES[unit])), ...axisY, axisLabel: { ...axisY.axisLabel, formatter: (value) => fmt.kpi(value, unit).replace(/[.,]0(?=\D|$)/, "") } },
      tooltip: { ...tooltip, trigger: "item", formatter: ({ seriesIndex, dataIndex }) => tipOf(said(lines[Math.floor(seriesIndex / 3)][dataIndex]).split("; ")) },
      dataZoom: lines.some((line) => line.length > 40) ? [{ type: "slider", height: 22, bottom: 12, borderColor: colours.line, textStyle: { color: colours.muted, fontSize: 10 }, fillerColor: colours.band, brushSelect: false }] : [],
      series,
    };
  };
  const points = lines.flatMap((line, at) => line.map((row, index) => ({ seriesIndex: at * 3, dataIndex: index, text: said(row) })));
  const known = rows.filter((row) => row.value != null);
  const label = known.length ? t("trend.label", { kpi: kpiTitle(t, rows[0]), count: known.length, first: said(known[0]), last: said(known.at(-1)) }) : t("trend.empty");
  return html`<${Chart} option=${option} points=${points} height=${340} label=${label} depends=${[JSON.stringify(rows), unit, side.id, marks.dated.length, t]} />`;
}
