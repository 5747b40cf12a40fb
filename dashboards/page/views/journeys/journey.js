/** One journey on its time line: what happened, in which stage and by which rule, how long until then, what was answered and paid. */
import { html } from "../../vendor/preact.js";
import { address } from "../../core/api.js";
import { grouped, kpiName } from "../../core/kpi.js";
import { shortPerson } from "../../core/person.js";
import { joined, objects, useUrl } from "../../core/query.js";
import { useStore } from "../../core/store.js";
import { Simulated } from "../../parts/badges.js";
import { Icon } from "../../parts/icons.js";
import { To } from "../../parts/link.js";
import { Panel } from "../../parts/panel.js";
import { named } from "../../core/i18n.js";

/** By time; within an instant in the order in which the map follows touchpoints, then answers. */
const inTurn = (one, other) => one.event_time.localeCompare(other.event_time) || (one.number ?? Infinity) - (other.number ?? Infinity) || 0;

/** What was said about the person's identifiers until the journey's last event, and since its first one if it is not the person's first journey.
 * Of two identifiers that were linked again and again, the first time. */
function marksOf(links, rows, cycle) {
  const from = Number(cycle) > 1 ? rows[0]?.event_time ?? "" : "";
  const until = rows.at(-1)?.event_time ?? "";
  const met = new Set();
  const isNew = (row) => {
    const said = [row.kind, row.is_in_force, ...[row.identifier, row.linked_identifier].sort()].join();
    return row.kind === "unlink" || (!met.has(said) && met.add(said));
  };
  return [...links].sort(inTurn).filter((row) => row.event_time >= from && row.event_time <= until && isNew(row));
}

export function Journey({ person, cycle }) {
  const { t, fmt, map } = useStore();
  const events = useUrl(address("/api/journey", { map: map.map, version: map.map_version, person, cycle }), 0, objects);
  const links = useUrl(address("/api/q/person_links", { person }), 1, objects);
  const rows = [...events.rows].sort(inTurn);
  const days = [...grouped([...marksOf(links.rows, rows, cycle), ...rows].sort(inTurn), (row) => row.local_date ?? row.event_time.slice(0, 10))];
  const back = html`<${To} changes=${{ person: null, cycle: null }} class="button tiny"><${Icon} name="left" size=${13} />${t("journey.back")}<//>`;
  return html`<${Panel} name="journey" title=${t("journey.title", { person: shortPerson(person), cycle: Number(cycle) })} note=${t("journey.note")} status=${joined(events, links)} height=${480}
    queries=${[[t("query.journey"), events], [t("query.person_links"), links]]} actions=${back} empty=${rows.length ? "" : t("journey.empty")}>
    <${Summary} rows=${rows} />
    <ol class="timeline">${days.map(([day, own]) => html`<li class="timeline-day"><h3>${fmt.day(day)}</h3><ol>${own.map((row) => html`<${row.linked_identifier ? Mark : Event} row=${row} />`)}</ol></li>`)}</ol>
  <//>`;
}

function Summary({ rows }) {
  const { t, fmt, names } = useStore();
  const touchpoints = rows.filter((row) => row.kind === "touchpoint");
  if (!touchpoints.length) return null;
  const seconds = (Date.parse(touchpoints.at(-1).event_time) - Date.parse(touchpoints[0].event_time)) / 1000;
  const facts = [[t("journeys.touchpoints"), fmt.whole(touchpoints.length)], [t("journey.answers"), fmt.whole(rows.length - touchpoints.length)],
    [t("journeys.duration"), fmt.duration(seconds)], [t("journey.conversions"), fmt.whole(touchpoints.filter((row) => Number(row.is_conversion) === 1).length)]];
  const last = touchpoints.at(-1);
  const who = [["persona", last.persona], ["segment", last.segment]].filter(([, value]) => value);
  return html`<dl class="journey-facts">${[...facts, ...who.map(([key, value]) => [t(`filter.${key}`), names[key].get(value) ?? value])].map(([name, value]) => html`<div><dt class="muted small">${name}</dt><dd class="tabular">${value}</dd></div>`)}</dl>`;
}

function Mark({ row }) {
  const { t, fmt } = useStore();
  const [one, other] = [row.identifier_type, row.linked_identifier_type].map((type) => named(t, `identifier.${type}`, type));
  const words = row.kind === "unlink" ? "journey.unlink" : Number(row.is_in_force) === 1 ? "journey.link" : "journey.link.ended";
  return html`<li class="event is-mark" data-kind=${row.kind}><span class="bead" aria-hidden="true">${row.kind === "unlink" ? "≠" : "="}</span>
    <div class="event-body"><p class="event-head"><strong>${t(words, { one, other })}</strong></p><p class="small muted"><span class="tabular">${fmt.clock(row.event_time)} UTC</span> · ${row.source}</p></div></li>`;
}

function Event({ row }) {
  const { t, fmt, names } = useStore();
  const stages = [...names.stage.keys()];
  const at = stages.indexOf(row.stage);
  const answer = row.kind === "answer";
  return html`<li class=${`event ${answer ? "is-answer" : ""}`} data-kind=${row.kind}>
    <span class=${`bead ${at < 0 ? "" : `s${(at % 8) + 1}`}`} aria-hidden="true">${answer ? html`<${Icon} name="bubble" size=${12} />` : at < 0 ? "·" : at + 1}</span>
    <div class="event-body">
      <p class="event-head"><strong>${names.touchpoint.get(row.touchpoint) ?? row.touchpoint}</strong>${row.action && html`<span class="muted">${row.action}</span>`}
        ${answer && html`<span class="badge">${kpiName(t, row)} ${row.score == null ? t("journey.no_score") : fmt.whole(row.score)}</span>`}
        ${Number(row.is_conversion) === 1 && html`<span class="badge good">${t("journey.conversion")}</span>`}
        ${row.amount != null && row.currency && html`<span class="badge">${fmt.price(row.amount, row.currency)}</span>`}
        <${Simulated} row=${row} /></p>
      <p class="small muted"><span class="tabular">${fmt.clock(row.event_time)} UTC</span> · ${at < 0 ? t("journey.unmapped") : names.stage.get(row.stage)}
        ${row.transition && ` · ${named(t, `transition.${row.transition}`, row.transition)}`}${row.wait_seconds != null && !answer && ` · ${t("journey.wait", { duration: fmt.duration(row.wait_seconds) })}`}
        ${row.channel && ` · ${named(t, `channel.${row.channel}`, row.channel)}`}${row.identifier_type && ` · ${t("journey.as", { identifier: named(t, `identifier.${row.identifier_type}`, row.identifier_type) })}`}${row.place && ` · ${row.place}`}${row.about_date && ` · ${t("journey.about", { day: fmt.day(row.about_date) })}`}</p>
      ${row.rule && html`<p class="small rule"><span class="muted">${t("journey.rule")}</span> <code>${row.rule}</code>${row.evidence && html` <span class="muted">${t("journey.because")}</span> <code>${row.evidence}</code>`}</p>`}
    </div></li>`;
}
