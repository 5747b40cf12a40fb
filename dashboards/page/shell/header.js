/** Name, map, language, theme, export. */
import { html } from "../vendor/preact.js";
import { address } from "../core/api.js";
import { write } from "../core/address.js";
import { modeOf } from "../core/funnel.js";
import { LANGUAGES } from "../core/i18n.js";
import { useStore } from "../core/store.js";
import { Icon } from "../parts/icons.js";
import { Menu } from "../parts/menu.js";
import { savePng } from "../parts/png.js";

const ICON = new URL("../icon.svg", import.meta.url).href;

export function Header() {
  const { t, state, map, change, language, theme, toggleTheme } = useStore();
  return html`<header class="top">
    <a class="brand" href=${write({ filter: {}, lang: state.lang })} data-within>
      <img src=${ICON} alt="" width="26" height="26" /><span>Touchline</span></a>
    ${map && html`<${MapChoice} />`}
    <div class="top-end">
      ${map && html`<${ExportMenu} />`}
      <div class="language">
        <select class="input" aria-label=${t("language")} value=${language} onChange=${(event) => change({ lang: event.target.value })}>
          ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option value=${tag} lang=${tag}>${name}</option>`)}
        </select></div>
      <button class="button bare" onClick=${toggleTheme} aria-label=${t(theme === "dark" ? "theme.light" : "theme.dark")} data-tip=${t(theme === "dark" ? "theme.light" : "theme.dark")}>
        <${Icon} name=${theme === "dark" ? "sun" : "moon"} /></button>
    </div>
  </header>`;
}

function MapChoice() {
  const { t, map, maps, change } = useStore();
  const value = `${map.map}/${map.map_version}`;
  const choose = (event) => {
    const [name, version] = event.target.value.split("/");
    const filter = Object.fromEntries(["persona", "segment", "touchpoint", "stage", "channel", "place", "brand"].map((key) => [key, null]));
    change({ map: name, version, from: null, to: null, as_of: null, compare: null, kpi: null, person: null, cycle: null, filter });
  };
  return html`<div class="map-choice">
    <select class="input" aria-label=${t("map")} value=${value} onChange=${choose}>
      ${maps.map((one) => html`<option value=${`${one.map}/${one.map_version}`}>${t("map.option", { title: one.title || one.map, version: one.map_version })}</option>`)}
    </select></div>`;
}

function ExportMenu() {
  const { t, state, sides, map } = useStore();
  const url = address("/export/map.html", { ...sides[0].params, mode: modeOf(state), lang: state.lang });
  return html`<${Menu} label=${t("export")} icon="export" align="end" name="export">
    ${(close) => html`<ul class="menu-list">
      <li><a class="menu-item" href=${url} download=${`touchline-${map.map}.html`} onClick=${close}>${t("export.html")}<span class="muted small">${t("export.html.note")}</span></a></li>
      <li><button class="menu-item" onClick=${() => { close(); savePng(document.getElementById("main"), `touchline-${map.map}`); }}>${t("export.png")}<span class="muted small">${t("export.png.note")}</span></button></li>
    </ul>`}
  <//>`;
}
