/** The journey map as people draw it: stages as columns, touchpoints as cards, the curve above, and what the map file says below. */
import { html } from "../vendor/preact.js";
import { modeOf } from "../core/funnel.js";
import { columns, remarks } from "../core/mapfile.js";
import { joined, useQuery } from "../core/query.js";
import { useStore } from "../core/store.js";
import { ModeChoice } from "../parts/mode.js";
import { Panel } from "../parts/panel.js";
import { SideName } from "../parts/sides.js";
import { Curve } from "./map/curve.js";
import { Legend } from "./map/legend.js";
import { Notes, NOTE_ROWS } from "./map/notes.js";
import { Personas } from "./map/personas.js";
import { StageColumn } from "./map/stage.js";

/** All that the map shows of one side; counts first, what needs persons or answers later. */
function useSide(side, skip = false) {
  const { state } = useStore();
  const volume = useQuery("volume_by_touchpoint", side, {}, { cost: 0, skip });
  const survey = useQuery("survey_by_touchpoint", side, side.against, { cost: 1, skip });
  const stages = useQuery("survey_by_stage", side, side.against, { cost: 2, skip });
  const revenue = useQuery("revenue_by_touchpoint", side, {}, { cost: 2, skip });
  const persons = useQuery("persons_by_touchpoint", side, side.asOf, { cost: 3, skip });
  const funnel = useQuery("funnel_stage", side, { ...side.asOf, mode: modeOf(state) }, { cost: 4, skip });
  return { side, volume, survey, stages, revenue, persons, funnel };
}

export function MapView() {
  const { t, fmt, state, sides, map, change } = useStore();
  const first = useSide(sides[0]);
  const second = useSide(sides[1] ?? sides[0], sides.length < 2);
  const data = sides.length > 1 ? [first, second] : [first];
  const lanes = state.lanes === "together" ? ["all"] : ["online", "offline"];
  const made = columns(map.content, data.flatMap((one) => one.volume.rows));
  const shown = NOTE_ROWS.filter(({ kinds }) => map.content.stages.some((stage) => kinds.some((kind) => remarks(stage, kind).length)));
  const toggle = html`<div class="segmented" role="group" aria-label=${t("lanes")}>
    ${["apart", "together"].map((name) => html`<button aria-pressed=${(state.lanes ?? "apart") === name} onClick=${() => change({ lanes: name === "apart" ? null : name }, { replace: true })}>${t(`lanes.${name}`)}</button>`)}</div>`;
  const queries = data.flatMap((one) => [["volume", one.volume], ["survey", one.survey], ["stages", one.stages], ["persons", one.persons], ["revenue", one.revenue], ["funnel", one.funnel]]
    .map(([name, query]) => [t(`query.${name}`), query]));
  return html`
    <${Personas} />
    <${Panel} name="map" title=${map.title} note=${map.content.description} status=${joined(...data.map((one) => one.volume))} height=${520} queries=${queries} actions=${html`<${ModeChoice} />${toggle}`}>
      ${data.length > 1 && html`<div class="legend">${sides.map((side) => html`<${SideName} side=${side} />`)}</div>`}
      ${data.every((one) => !one.volume.rows.length) && html`<p class="notice">${t("map.empty", { from: fmt.day(map.first_day), to: fmt.day(map.last_day) })}</p>`}
      <${Legend} />
      <div class="map-scroll" tabindex="0" role="region" aria-label=${map.title}>
        <div class="map-grid" style=${{ "--stages": made.length, "--rows": 2 + lanes.length + shown.length }}>
          <${RowNames} lanes=${lanes} shown=${shown} />
          <div class="map-curve"><${Curve} data=${data} stages=${map.content.stages} columns=${made.length} /></div>
          ${made.map(({ stage, touchpoints }, at) => html`<${StageColumn} key=${stage?.id ?? ""} number=${at + 1} stage=${stage} touchpoints=${touchpoints} lanes=${lanes} data=${data}>
            <${Notes} stage=${stage} rows=${shown} /><//>`)}
        </div>
      </div>
    <//>`;
}

/** What the rows are, left of the map; each cell says it again to those who do not see it stand there. */
function RowNames({ lanes, shown }) {
  const { t } = useStore();
  const names = ["", t("curve"), ...lanes.map((lane) => t(`lane.${lane}`)), ...shown.map(({ name }) => t(`notes.${name}`))];
  return html`<div class="map-names" aria-hidden="true">${names.map((name) => html`<div>${name}</div>`)}</div>`;
}
