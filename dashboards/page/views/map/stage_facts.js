/**
 * What happened in a stage: its events, the journeys that came this far, those that may still go on, and the share that did of those whose
 * window is over. Persons and money are told of touchpoints: no view has them by stage for a selection, and persons of several
 * touchpoints or days are no sum.
 */
import { html } from "../../vendor/preact.js";
import { drillOf, modeOf } from "../../core/funnel.js";
import { useStore } from "../../core/store.js";
import { Range } from "../../parts/interval.js";
import { Number_ } from "../../parts/link.js";
import { waiting } from "./facts.js";

const FACTS = [["events", Events], ["reached", Reached], ["open", Open], ["advanced", Advanced]];

export function StageFacts({ stage, data }) {
  const { t, state } = useStore();
  const mode = modeOf(state);
  const sides = data.map((one) => ({ ...one, row: one.funnel.rows.find((row) => row.stage === stage.id) }));
  // A selection without any event has nothing to tell, least of all zeros.
  if (sides.every((one) => !one.volume.rows.length)) return null;
  return html`<dl class="facts stage-facts">${FACTS.map(([name, Fact]) => html`<div class=${`fact stage-${name}`}>
    <dt tabindex="0" class="has-tip" data-tip=${t(`stage.${name}.tip`, { how: t(`funnel.${mode}.note`) })}>${t(`stage.${name}`, { mode: t(`funnel.mode.${mode}`) })}</dt>
    ${sides.map((one) => html`<dd>${sides.length > 1 && html`<span class=${`side-tag side-${one.side.id}`}>${one.side.id.toUpperCase()}</span>`}<${Fact} one=${one} stage=${stage} mode=${mode} /></dd>`)}
  </div>`)}</dl>`;
}

/** None where no system records any touchpoint of the stage: that would not mean that nobody came by. */
function Events({ one, stage }) {
  const { t, fmt } = useStore();
  return waiting(one.volume, t, () => {
    const rows = one.volume.rows.filter((row) => row.stage === stage.id);
    if (!rows.length) return html`<span class="muted">${fmt.none}</span>`;
    const events = rows.reduce((total, row) => total + Number(row.events), 0);
    return html`<${Number_} side=${one.side} drill=${{ filter: { stage: [stage.id] } }} label=${t("fact.events.open", { count: events, name: stage.name })}>${fmt.whole(events)}<//>`;
  });
}

/** A count of the funnel, with the journeys behind it. */
function Count({ one, stage, name, mode }) {
  const { t, fmt } = useStore();
  return waiting(one.funnel, t, () => {
    if (!one.row) return html`<span class="muted">${fmt.none}</span>`;
    const count = Number(one.row[name]);
    return html`<${Number_} side=${one.side} drill=${count > 0 && drillOf(one.row, name, mode)} label=${t(`stage.${name}.list`, { count, stage: stage.name })}>${fmt.whole(count)}<//>`;
  });
}

function Reached(props) {
  return html`<${Count} ...${props} name="reached" />`;
}

function Open(props) {
  return html`<${Count} ...${props} name="open" />`;
}

/** The share is of journeys whose window is over; while there are none it is not known, and no zero. */
function Advanced({ one, stage, mode }) {
  const { t, fmt } = useStore();
  return waiting(one.funnel, t, () => {
    const { row } = one;
    if (!row) return html`<span class="muted">${fmt.none}</span>`;
    const isLast = one.funnel.rows.every((other) => other.stage_order <= row.stage_order);
    if (row.rate == null) return html`<span class="muted">${fmt.none}</span> <span class="fact-interval muted">${t(isLast ? "stage.advanced.last" : "stage.advanced.none")}</span>`;
    const interval = fmt.range(row.ci_low, row.ci_high, fmt.percent);
    const values = { rate: fmt.percent(row.rate), count: Number(row.numerator), n: Number(row.denominator), stage: stage.name, advanced: Number(row.advanced), reached: Number(row.reached) };
    return html`<${Number_} side=${one.side} drill=${values.count > 0 && drillOf(row, "advanced", mode, true)}
        label=${t("stage.advanced.list", values)} tip=${t("stage.advanced.so_far", values)}>${values.rate}<//>
      <span class="fact-interval muted">${t("stage.advanced.of", { interval, n: values.n })}</span>
      <${Range} value=${row.rate} low=${row.ci_low} high=${row.ci_high} from=${0} to=${1} tone="accent"
        label=${t("interval.label", { value: values.rate, low: fmt.percent(row.ci_low), high: fmt.percent(row.ci_high) })} />`;
  });
}
