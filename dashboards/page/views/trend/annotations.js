/** The dated remarks of the map file, and the initiatives of the touchpoints that are looked at. */
import { html } from "../../vendor/preact.js";
import { remarks } from "../../core/mapfile.js";
import { useStore } from "../../core/store.js";

/**
 * @param {any[]} taken  rows of `journey.initiatives`: initiatives that were taken, as their events say
 * @returns {{dated: any[], initiatives: any[]}} remarks and initiatives taken that touch the period, numbered; initiatives that the map file has for the
 * stages and touchpoints selected
 */
export function annotationsOf(content, side, taken, t) {
  const { touchpoint, stage } = side.filter;
  const concerns = (one) => (!touchpoint?.length || !one.touchpoint || touchpoint.includes(one.touchpoint)) && (!stage?.length || !one.stage || stage.includes(one.stage));
  const named = new Map([...content.touchpoints, ...content.stages].flatMap((place) => remarks(place, "initiatives")).map((one) => [one.id, one.text]));
  const begun = taken.map((row) => ({ date: row.starts_at.slice(0, 10), until: row.ends_at?.slice(0, 10), touchpoint: row.touchpoint, text: t("initiatives.taken", { name: named.get(row.initiative) ?? row.initiative }) }));
  const dated = [...(content.annotations ?? []), ...begun].sort((one, other) => one.date.localeCompare(other.date)).filter((one) => one.date <= side.period.to && (one.until ?? one.date) >= side.period.from && concerns(one))
    .map((one, at) => ({ ...one, number: at + 1 }));
  const places = [...content.touchpoints.filter((one) => !touchpoint?.length || touchpoint.includes(one.id)), ...content.stages.filter((one) => (stage?.length ? stage.includes(one.id) : !touchpoint?.length))];
  const initiatives = places.flatMap((place) => remarks(place, "initiatives").map((initiative) => ({ ...initiative, place: place.name ?? place.id })));
  return { dated, initiatives };
}

export function Annotations({ marks }) {
  const { t, fmt } = useStore();
  const { dated, initiatives } = marks;
  if (!dated.length && !initiatives.length) return null;
  return html`<div class="annotations small">
    ${dated.length > 0 && html`<div><h3>${t("annotations")}</h3><ol>${dated.map((one) => html`<li><span class="mark-number">${one.number}</span><span><span class="muted">${one.until ? fmt.period({ from: one.date, to: one.until }) : fmt.day(one.date)}</span> ${one.text}</span></li>`)}</ol></div>`}
    ${initiatives.length > 0 && html`<details><summary>${t("initiatives.planned", { count: initiatives.length })}</summary><ul>${initiatives.map((one) => html`<li><span>${one.text} <span class="muted">(${[one.place, one.owner].filter(Boolean).join(", ")})</span></span></li>`)}</ul></details>`}
  </div>`;
}

/** Areas and lines of ECharts for the dated remarks. */
export function marksOf(dated, colours) {
  const label = (one) => ({ show: true, formatter: String(one.number), position: "insideTop", color: colours.text, fontSize: 11, fontWeight: 600, distance: 2 });
  const end = (one) => `${one.until}T23:59:59Z`;
  return {
    markArea: { silent: true, itemStyle: { color: colours.neutral, opacity: 0.14 }, data: dated.filter((one) => one.until).map((one) => [{ xAxis: `${one.date}T00:00:00Z`, label: label(one) }, { xAxis: end(one) }]) },
    markLine: { silent: true, symbol: "none", lineStyle: { color: colours.neutral, type: "dashed" }, data: dated.filter((one) => !one.until).map((one) => ({ xAxis: `${one.date}T00:00:00Z`, label: { ...label(one), position: "end" } })) },
  };
}
