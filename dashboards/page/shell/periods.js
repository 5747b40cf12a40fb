/** The period: presets counted back from the last day of the map's data, or two days of one's own. */
import { html, useState } from "../vendor/preact.js";
import { isDay, laterDays, periodOf, presets } from "../core/period.js";
import { useStore } from "../core/store.js";
import { To } from "../parts/link.js";
import { Menu } from "../parts/menu.js";

/** Says that a few events stand after a gap, which the default period leaves out, and leads to them. */
export function LaterEvents() {
  const { t, map, state, fmt } = useStore();
  const later = laterDays(map);
  if (!later || periodOf(state, map).to > map.usual.to) return null;
  return html`<p class="notice small" data-notice="later">${t("period.later", { count: Number(map.later_events), last: fmt.day(map.last_day), to: fmt.day(map.usual.to) })}${" "}
    <${To} changes=${{ ...later, compare: null }}>${t("period.later.show")}<//></p>`;
}

export function Period() {
  const { t, map, state, change, fmt } = useStore();
  const period = periodOf(state, map);
  const isUsual = ({ from, to }) => from === map.usual.from && to === map.usual.to;
  const choose = (one, close) => {
    change(isUsual(one) ? { from: null, to: null } : { from: one.from, to: one.to });
    close();
  };
  const is = ({ from, to }) => from === period.from && to === period.to;
  return html`<${Menu} label=${html`<span class="hide">${t("period")}: </span>${fmt.period(period)}`} icon="calendar" name="period">
    ${(close) => html`<div class="period">
      <ul class="menu-list">${presets(map).map(([name, one]) => html`<li><button class="menu-item" aria-pressed=${is(one)} onClick=${() => choose(one, close)}>${t(`period.${name}`)}<span class="muted small">${fmt.period(one)}</span></button></li>`)}</ul>
      <${Days} period=${period} onChoose=${(own) => { change(own); close(); }} />
      <p class="muted small">${t("period.note", { from: fmt.day(map.first_day), to: fmt.day(map.last_day) })}</p>
    </div>`}
  <//>`;
}

/** Two days to be typed or picked. */
export function Days({ period, onChoose }) {
  const { t } = useStore();
  const [from, setFrom] = useState(period.from);
  const [to, setTo] = useState(period.to);
  const wrong = !isDay(from) || !isDay(to) || from > to;
  const submit = (event) => {
    event.preventDefault();
    if (!wrong) onChoose({ from, to });
  };
  return html`<form class="days" onSubmit=${submit}>
    <label class="field">${t("period.from")}<input class="input" type="date" value=${from} onInput=${(event) => setFrom(event.target.value)} /></label>
    <label class="field">${t("period.to")}<input class="input" type="date" value=${to} onInput=${(event) => setTo(event.target.value)} /></label>
    <button class="button primary" disabled=${wrong}>${t("apply")}</button>
    ${wrong && html`<p class="bad small" role="alert">${t("period.wrong")}</p>`}
  </form>`;
}
