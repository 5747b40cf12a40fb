/** Touchpoint events over time, the most frequent touchpoints apart. */
import { html } from "../../vendor/preact.js";
import { rowBucket } from "../../core/bucket.js";
import { grouped } from "../../core/kpi.js";
import { useStore } from "../../core/store.js";
import { Chart, plain, tipOf } from "../../parts/chart.js";

const SHOWN = 6;

export function VolumeOverTime({ rows, grain }) {
  const { t, fmt, names } = useStore();
  const totals = [...grouped(rows, (row) => row.touchpoint)].map(([touchpoint, own]) => [touchpoint, own.reduce((sum, row) => sum + Number(row.events), 0)]).sort((one, other) => other[1] - one[1]);
  const top = new Set(totals.slice(0, SHOWN).map(([touchpoint]) => touchpoint));
  const nameOf = (row) => (top.has(row.touchpoint) ? names.touchpoint.get(row.touchpoint) ?? row.touchpoint : t("other"));
  const buckets = [...new Set(rows.map((row) => row.bucket))].sort();
  const rowOf = new Map(rows.map((row) => [row.bucket, row]));
  const nameAt = (bucket) => rowBucket(t, fmt, rowOf.get(bucket), grain);
  const ordered = totals.map(([touchpoint]) => rows.filter((row) => row.touchpoint === touchpoint)).flat();
  const series = [...grouped(ordered, nameOf)].map(([name, own]) => {
    const events = grouped(own, (row) => row.bucket);
    return { name, data: buckets.map((bucket) => (events.get(bucket) ?? []).reduce((sum, row) => sum + Number(row.events), 0)) };
  });
  const said = (one, at) => t("volume.point", { when: nameAt(buckets[at]), name: one.name, count: one.data[at] });
  const option = (colours) => {
    const { axisX, axisY, tooltip } = plain(colours);
    return {
      grid: { left: 52, right: 24, top: 12, bottom: 28 },
      xAxis: { type: "category", data: buckets.map(nameAt), ...axisX }, yAxis: { type: "value", ...axisY, splitNumber: 3, axisLabel: { ...axisY.axisLabel, formatter: (value) => fmt.short(value) } },
      tooltip: { ...tooltip, trigger: "item", formatter: ({ seriesIndex, dataIndex }) => tipOf([said(series[seriesIndex], dataIndex)]) },
      series: series.map((one, at) => ({ ...one, data: one.data.map((value, place) => (Number(rowOf.get(buckets[place]).is_part) === 1 ? { value, itemStyle: { opacity: 0.45 } } : value)), type: "bar", stack: "events", barMaxWidth: 34, itemStyle: { color: at < top.size ? colours.series[at % colours.series.length] : colours.line } })),
    };
  };
  const points = series.flatMap((one, number) => one.data.map((_, at) => ({ seriesIndex: number, dataIndex: at, text: said(one, at) })));
  return html`<${Chart} option=${option} points=${points} height=${190} depends=${[JSON.stringify(rows), t]} label=${t("volume.label", { count: totals.reduce((sum, [, events]) => sum + events, 0) })} />
    <ul class="legend">${series.map((one, at) => html`<li><i class=${`swatch ${at < top.size ? `s${(at % 8) + 1}` : "rest"}`}></i>${one.name}</li>`)}</ul>`;
}
