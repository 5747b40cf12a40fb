/** Side by side: with the period before or one of one's own, or with another persona. */
import { html } from "../vendor/preact.js";
import { before, periodOf } from "../core/period.js";
import { useStore } from "../core/store.js";
import { Menu } from "../parts/menu.js";
import { Days } from "./periods.js";

export function Compare() {
  const { t, map, state, change, fmt, values, names } = useStore();
  const previous = before(periodOf(state, map));
  const kind = state.compare?.split(":")[0];
  const personas = (values.persona ?? []).map(([value]) => value);
  const choose = (compare, close) => {
    change({ compare });
    close();
  };
  return html`<${Menu} label=${t("compare")} value=${kind ? t(`compare.${kind}`) : ""} on=${Boolean(kind)} icon="compare" name="compare">
    ${(close) => html`<div class="period"><ul class="menu-list">
      <li><button class="menu-item" aria-pressed=${!kind} onClick=${() => choose(null, close)}>${t("compare.none")}</button></li>
      <li><button class="menu-item" aria-pressed=${state.compare === "period"} onClick=${() => choose("period", close)}>${t("compare.before")}<span class="muted small">${fmt.period(previous)}</span></button></li>
      ${personas.map((id) => html`<li><button class="menu-item" aria-pressed=${state.compare === `persona:${id}`} onClick=${() => choose(`persona:${id}`, close)}>
        ${t("compare.with", { persona: id === "" ? t("unknown") : names.persona.get(id) ?? id })}</button></li>`)}
    </ul>
    <p class="menu-heading">${t("compare.own")}</p>
    <${Days} period=${previous} onChoose=${({ from, to }) => choose(`period:${from}..${to}`, close)} /></div>`}
  <//>`;
}
