/** One filter: the values that the map's data have, by volume, with a search where they are many. */
import { html, useState } from "../vendor/preact.js";
import { named } from "../core/i18n.js";
import { useStore } from "../core/store.js";
import { Menu } from "../parts/menu.js";

const SEARCH_FROM = 9;
const SHOWN = 60;

export function Choice({ name }) {
  const { t, state, values } = useStore();
  const set = state.filter[name] ?? [];
  const nameOf = useValueName();
  const known = values[name] ?? [];
  if (!set.length && !known.some(([value]) => value !== "")) return null;
  if (!set.length && known.length < 2) return null;
  const value = set.length === 1 ? nameOf(name, set[0]) : set.length ? t("filter.count", { count: set.length }) : "";
  return html`<${Menu} label=${t(`filter.${name}`)} value=${value} on=${set.length > 0} name=${name}>${() => html`<${Options} name=${name} known=${known} set=${set} />`}<//>`;
}

function Options({ name, known, set }) {
  const { t, fmt, change } = useStore();
  const [wanted, setWanted] = useState("");
  const nameOf = useValueName();
  const all = [...known, ...set.filter((value) => !known.some(([one]) => one === value)).map((value) => [value, null])];
  const found = all.filter(([value]) => `${nameOf(name, value)} ${value}`.toLowerCase().includes(wanted.toLowerCase()));
  const toggle = (value) => change({ filter: { [name]: set.includes(value) ? set.filter((one) => one !== value) : [...set, value] } });
  return html`<fieldset class="options"><legend class="hide">${t(`filter.${name}`)}</legend>
    ${all.length >= SEARCH_FROM && html`<input class="input" type="search" value=${wanted} placeholder=${t("filter.search")} aria-label=${t("filter.search")} onInput=${(event) => setWanted(event.target.value)} />`}
    <div class="options-list">
      ${found.slice(0, SHOWN).map(([value, events]) => html`<label class="option" key=${value}>
        <input type="checkbox" checked=${set.includes(value)} onChange=${() => toggle(value)} value=${value} /><span class="option-name">${nameOf(name, value)}</span>
        ${events != null && html`<span class="muted small tabular">${fmt.short(events)}</span>`}</label>`)}
      ${found.length > SHOWN && html`<p class="muted small">${t("filter.more", { count: found.length - SHOWN })}</p>`}
      ${!found.length && html`<p class="muted small">${t("filter.none")}</p>`}
    </div>
    ${set.length > 0 && html`<button class="button bare tiny" onClick=${() => change({ filter: { [name]: null } })}>${t("filter.all")}</button>`}
  </fieldset>`;
}

/** @returns {(key: string, value: string) => string} what a value of a filter is called */
export function useValueName() {
  const { t, names } = useStore();
  return (key, value) => {
    if (value === "") return t("unknown");
    if (key === "is_simulated" || key === "is_online") return t(`${key}.${value}`);
    if (key === "channel") return named(t, `channel.${value}`, value);
    return names?.[key]?.get(value) ?? value;
  };
}
