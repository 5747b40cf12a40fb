/** What happened at a touchpoint in one stage: events, persons, journeys that ended there unconverted, money. Each in a place of its own, so that nothing jumps. */
import { html } from "../../vendor/preact.js";
import { useStore } from "../../core/store.js";
import { Simulated } from "../../parts/badges.js";
import { Number_ } from "../../parts/link.js";

const sum = (rows, column) => rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);

export function Facts({ touchpoint, stage, sides }) {
  const { t, map } = useStore();
  const days = map.content.churn?.inactivity_days;
  const called = (name) => (name === "drop_off" && !days ? "fact.drop_off.ever" : `fact.${name}`);
  const facts = [["events", Events], ["persons", Persons], ["revenue", Revenue], ["drop_off", DropOff]];
  return html`<dl class="facts">${facts.map(([name, Fact]) => html`<div class=${`fact fact-${name}`}>
    <dt tabindex="0" class="has-tip" data-tip=${t(`fact.${name}.tip`)}>${t(called(name), { days })}</dt>
    ${sides.map((one) => html`<dd>${sides.length > 1 && html`<span class=${`side-tag side-${one.side.id}`}>${one.side.id.toUpperCase()}</span>`}<${Fact} one=${one} touchpoint=${touchpoint} stage=${stage} /></dd>`)}
  </div>`)}</dl>`;
}

/** What `show` makes of an answer, once it is there. */
export function waiting(query, t, show) {
  if (query.status === "loading") return html`<span class="wait" role="status"><span class="hide">${t("loading")}</span></span>`;
  if (query.status === "failed") return html`<span class="bad" tabindex="0" data-tip=${t("failure.part")}>!</span>`;
  return show();
}

/** The rows of a card: of the touchpoint in this stage alone, and so are the journeys behind them. */
const at = (query, touchpoint, stage) => query.rows.filter((row) => row.touchpoint === touchpoint.id && (row.stage ?? null) === (stage?.id ?? null));
const here = (touchpoint, stage) => ({ filter: { touchpoint: [touchpoint.id], stage: [stage?.id ?? ""] } });

function Events({ one, touchpoint, stage }) {
  const { t, fmt } = useStore();
  return waiting(one.volume, t, () => html`<${Number_} side=${one.side} drill=${here(touchpoint, stage)}
    label=${t("fact.events.open", { count: sum(one.volumes, "events"), name: touchpoint.name })}>${fmt.whole(sum(one.volumes, "events"))}<//>`);
}

function Persons({ one, touchpoint, stage }) {
  const { t, fmt } = useStore();
  return waiting(one.persons, t, () => {
    const [row] = at(one.persons, touchpoint, stage);
    return html`<${Number_} side=${one.side} drill=${row && here(touchpoint, stage)} label=${t("fact.persons.open", { count: Number(row?.persons ?? 0), name: touchpoint.name })}>${fmt.whole(row?.persons ?? 0)}<//>`;
  });
}

function DropOff({ one, touchpoint, stage }) {
  const { t, fmt } = useStore();
  return waiting(one.persons, t, () => {
    const [row] = at(one.persons, touchpoint, stage);
    if (!Number(row?.journeys)) return fmt.none;
    // No zero before anybody could be lost: while the churn term runs, whoever was here may still go on.
    if (row.drop_off == null) return html`<span class="fact-interval muted">${t("fact.drop_off.unknown", { count: Number(row.journeys) })}</span>`;
    return html`<${Number_} side=${one.side} drill=${{ ...here(touchpoint, stage), touchpoint_last: touchpoint.id, stage_at_end: stage?.id ?? "", state: "closed", is_end_known: "1" }}
      tip=${t("fact.drop_off.of", { lost: Number(row.numerator), all: Number(row.denominator), interval: fmt.range(row.ci_low, row.ci_high, fmt.percent) })}
      label=${t("fact.drop_off.open", { rate: fmt.percent(row.drop_off), count: Number(row.numerator), all: Number(row.denominator), name: touchpoint.name })}>${fmt.percent(row.drop_off)}<//>
      <span class="fact-interval muted">${fmt.range(row.ci_low, row.ci_high, fmt.percent)} · n ${fmt.whole(row.denominator)}</span>`;
  });
}

function Revenue({ one, touchpoint, stage }) {
  const { t, fmt } = useStore();
  return waiting(one.revenue, t, () => {
    const rows = at(one.revenue, touchpoint, stage).filter((row) => row.currency);
    if (!rows.length) return html`<span class="muted">${fmt.none}</span>`;
    return rows.map((row) => html`<span class="tabular" tabindex="0" data-tip=${t("fact.orders", { count: Number(row.orders) })}>${fmt.money(row.amount, row.currency)}</span>${rows.length > 1 && html` <${Simulated} row=${row} />`}`);
  });
}
