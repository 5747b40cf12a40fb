/** What happened at a touchpoint: events, persons, journeys that ended there unconverted, money. Each in a place of its own, so that nothing jumps. */
import { html } from "../../vendor/preact.js";
import { useStore } from "../../core/store.js";
import { Simulated } from "../../parts/badges.js";
import { Number_ } from "../../parts/link.js";

const sum = (rows, column) => rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);

export function Facts({ touchpoint, stage, sides }) {
  const { t } = useStore();
  const facts = [["events", Events], ["persons", Persons], ["revenue", Revenue], ["drop_off", DropOff]];
  return html`<dl class="facts">${facts.map(([name, Fact]) => html`<div class=${`fact fact-${name}`}>
    <dt tabindex="0" class="has-tip" data-tip=${t(`fact.${name}.tip`)}>${t(`fact.${name}`)}</dt>
    ${sides.map((one) => html`<dd>${sides.length > 1 && html`<span class=${`side-tag side-${one.side.id}`}>${one.side.id.toUpperCase()}</span>`}<${Fact} one=${one} touchpoint=${touchpoint} stage=${stage} /></dd>`)}
  </div>`)}</dl>`;
}

/** What `show` makes of an answer, once it is there. */
export function waiting(query, t, show) {
  if (query.status === "loading") return html`<span class="wait" role="status"><span class="hide">${t("loading")}</span></span>`;
  if (query.status === "failed") return html`<span class="bad" tabindex="0" data-tip=${t("failure.part")}>!</span>`;
  return show();
}

/** Of this stage alone, and so are the journeys behind them. */
function Events({ one, touchpoint, stage }) {
  const { t, fmt } = useStore();
  return waiting(one.volume, t, () => html`<${Number_} side=${one.side} drill=${{ filter: { touchpoint: [touchpoint.id], stage: [stage?.id ?? ""] } }}
    label=${t("fact.events.open", { count: sum(one.volumes, "events"), name: touchpoint.name })}>${fmt.whole(sum(one.volumes, "events"))}<//>`);
}

function Persons({ one, touchpoint }) {
  const { t, fmt } = useStore();
  return waiting(one.persons, t, () => {
    const row = one.persons.rows.find((each) => each.touchpoint === touchpoint.id);
    return html`<${Number_} side=${one.side} drill=${row && { filter: { touchpoint: [touchpoint.id] } }} label=${t("fact.persons.open", { count: Number(row?.persons ?? 0), name: touchpoint.name })}>${fmt.whole(row?.persons ?? 0)}<//>`;
  });
}

function DropOff({ one, touchpoint }) {
  const { t, fmt } = useStore();
  return waiting(one.persons, t, () => {
    const row = one.persons.rows.find((each) => each.touchpoint === touchpoint.id);
    if (row?.drop_off == null) return fmt.none;
    return html`<${Number_} side=${one.side} drill=${{ filter: { touchpoint: [touchpoint.id] }, touchpoint_last: touchpoint.id, state: "closed", is_window_over: "1" }}
      tip=${t("fact.drop_off.of", { lost: Number(row.numerator), all: Number(row.denominator), interval: fmt.range(row.ci_low, row.ci_high, fmt.percent) })}
      label=${t("fact.drop_off.open", { rate: fmt.percent(row.drop_off), count: Number(row.numerator), all: Number(row.denominator), name: touchpoint.name })}>${fmt.percent(row.drop_off)}<//>
      <span class="fact-interval muted">${fmt.range(row.ci_low, row.ci_high, fmt.percent)} · n ${fmt.whole(row.denominator)}</span>`;
  });
}

function Revenue({ one, touchpoint }) {
  const { t, fmt } = useStore();
  return waiting(one.revenue, t, () => {
    const rows = one.revenue.rows.filter((row) => row.touchpoint === touchpoint.id && row.currency);
    if (!rows.length) return html`<span class="muted">${fmt.none}</span>`;
    return rows.map((row) => html`<span class="tabular" tabindex="0" data-tip=${t("fact.orders", { count: Number(row.orders) })}>${fmt.money(row.amount, row.currency)}</span>${rows.length > 1 && html` <${Simulated} row=${row} />`}`);
  });
}
