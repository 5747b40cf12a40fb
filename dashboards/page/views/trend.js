/** A KPI over time with its band, the map's annotations, few answers marked, and the volume beneath. */
import { html } from "../vendor/preact.js";
import { rowBucket } from "../core/bucket.js";
import { kpiKey, kpiTitle, kpisIn } from "../core/kpi.js";
import { joined, objects, useQuery, useUrl } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Simulated } from "../parts/badges.js";
import { Number_ } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";
import { Annotations, annotationsOf } from "./trend/annotations.js";
import { KpiOverTime } from "./trend/kpi.js";
import { VolumeOverTime } from "./trend/volume.js";

const GRAINS = ["hour", "day", "week", "month", "rolling_7d", "rolling_28d"];
const isMade = (row) => Number(row.is_simulated) === 1;
const VOLUME_GRAIN = { rolling_7d: "day", rolling_28d: "day" };

export function TrendView() {
  return html`<${Sides}>${(side) => html`<${Trends} side=${side} key=${side.id} />`}<//>`;
}

function Trends({ side }) {
  const { t, fmt, state, change, map, names, catalogue } = useStore();
  const grain = GRAINS.includes(state.grain) ? state.grain : "week";
  const survey = useQuery("survey_over_time", side, { grain }, { cost: 1 });
  const volume = useQuery("volume_over_time", side, { grain: VOLUME_GRAIN[grain] ?? grain }, { cost: 0 });
  const kpis = kpisIn(survey.rows);
  const chosen = kpis.find((kpi) => kpiKey(kpi) === state.kpi) ?? kpis[0];
  const rows = chosen ? survey.rows.filter((row) => kpiKey(row) === kpiKey(chosen)) : [];
  const taken = useUrl("/api/q/initiatives", 2, objects);
  const marks = annotationsOf(map.content, side, taken.rows, t);
  const picked = side.filter.touchpoint?.map((id) => names.touchpoint.get(id) ?? id).join(", ");
  const controls = html`<div class="controls">
    ${kpis.length > 0 && html`<label>${t("table.kpi")} <select class="input" value=${kpiKey(chosen)} onChange=${(event) => change({ kpi: event.target.value }, { replace: true })}>
      ${kpis.map((kpi) => html`<option value=${kpiKey(kpi)}>${kpiTitle(t, kpi)}</option>`)}</select></label>`}
    <label>${t("grain")} <select class="input" value=${grain} onChange=${(event) => change({ grain: event.target.value }, { replace: true })}>
      ${GRAINS.map((one) => html`<option value=${one}>${t(`grain.${one}`)}</option>`)}</select></label>
  </div>`;
  const where = picked ? t("trend.at", { name: picked }) : t("trend.everywhere");
  return html`
    ${controls}
    <${Panel} name=${`trend-${side.id}`} title=${chosen ? kpiTitle(t, chosen) : t("view.trend")} note=${`${where} ${t("trend.note")}`} status=${joined(survey)} height=${340} queries=${[[t("query.survey_over_time"), survey], [t("query.volume_over_time"), volume]]}
      empty=${rows.length ? "" : t("trend.empty")} table=${{ columns: columnsOf(t, fmt, grain, catalogue.get(`${chosen?.kpi}/${chosen?.variant}`)?.unit), rows }}>
      <${Simulated} show=${rows.some(isMade)} />
      <${KpiOverTime} rows=${rows} grain=${grain} marks=${marks} side=${side} />
      <${Annotations} marks=${marks} />
    <//>
    <${Panel} name=${`volume-${side.id}`} title=${t("trend.volume")} note=${where} status=${joined(volume)} height=${180} queries=${[[t("query.volume_over_time"), volume]]}
      empty=${volume.rows.length ? "" : t("trend.volume.empty")} table=${{ columns: volumeColumns(t, fmt, grain, names, side), rows: volume.rows }}>
      <${Simulated} show=${volume.rows.some(isMade)} />
      <${VolumeOverTime} rows=${volume.rows} grain=${VOLUME_GRAIN[grain] ?? grain} side=${side} />
    <//>`;
}

/** Whether a row is of real events or of simulated ones. */
export const dataColumn = (t) => ({ key: "is_simulated", title: t("table.data"), cell: (row) => t(Number(row.is_simulated) ? "simulated" : "real") });

function columnsOf(t, fmt, grain, unit) {
  const write = (value) => fmt.kpi(value, unit);
  const shown = (row, content) => (Number(row.is_suppressed) === 1 ? t("suppressed") : content);
  return [
    { key: "bucket", title: t(`grain.${grain}`), cell: (row) => rowBucket(t, fmt, row, grain) },
    { key: "value", title: t("table.value"), number: true, cell: (row) => shown(row, write(row.value)) },
    { key: "ci", title: t("table.interval"), number: true, cell: (row) => fmt.range(row.ci_low, row.ci_high, write) },
    { key: "n", title: "n", number: true, cell: (row) => html`${fmt.whole(row.n)}${Number(row.is_small_n) === 1 ? ` (${t("small_n")})` : ""}${Number(row.wordings ?? 0) > 1 ? ` (${t("wordings")})` : ""}` },
    dataColumn(t),
  ];
}

function volumeColumns(t, fmt, grain, names, side) {
  const whole = ["day", "rolling_7d", "rolling_28d"].includes(grain);
  return [
    { key: "bucket", title: t(`grain.${VOLUME_GRAIN[grain] ?? grain}`), cell: (row) => rowBucket(t, fmt, row, VOLUME_GRAIN[grain] ?? grain) },
    { key: "touchpoint", title: t("filter.touchpoint"), cell: (row) => names.touchpoint.get(row.touchpoint) ?? row.touchpoint },
    { key: "events", title: t("fact.events"), number: true, cell: (row) => html`<${Number_} side=${side} drill=${whole && { filter: { touchpoint: [row.touchpoint], is_simulated: [String(row.is_simulated)] }, from: row.bucket.slice(0, 10), to: row.bucket.slice(0, 10) }}>${fmt.whole(row.events)}<//>` },
    dataColumn(t),
  ];
}
