/** What the reader selects, in one bar: period, comparison, and the filters; what is set stands as chips that can be taken away. */
import { html, useEffect, useState } from "../vendor/preact.js";
import { FILTER_KEYS } from "../core/address.js";
import { useStore } from "../core/store.js";
import { Icon } from "../parts/icons.js";
import { Choice, useValueName } from "./choice.js";
import { Compare } from "./compare.js";
import { LaterEvents, Period } from "./periods.js";

const FIRST = ["persona", "segment", "channel", "place"];

export function Filters() {
  const { t } = useStore();
  const [open, setOpen] = useState(() => innerWidth > 720);
  useEffect(() => {
    const wide = matchMedia("(min-width: 721px)");
    const follow = () => setOpen(wide.matches);
    wide.addEventListener("change", follow);
    return () => wide.removeEventListener("change", follow);
  }, []);
  return html`<section class="filters" aria-label=${t("filters")}>
    <button class="button filters-toggle" aria-expanded=${open} onClick=${() => setOpen(!open)}>${t("filters")}<${Icon} name=${open ? "up" : "down"} size=${13} /></button>
    <div class="filters-row" hidden=${!open}>
      <${Period} /><${Compare} />
      <span class="divider" aria-hidden="true"></span>
      ${FIRST.map((key) => html`<${Choice} key=${key} name=${key} />`)}
      <${Line} />
      <${Choice} name="touchpoint" /><${Choice} name="brand" /><${Choice} name="is_simulated" />
    </div>
    <${LaterEvents} />
    <${Chips} />
  </section>`;
}

/** Online, offline or both. */
function Line() {
  const { t, state, change } = useStore();
  const set = state.filter.is_online ?? [];
  const options = [["both", []], ["online", ["1"]], ["offline", ["0"]]];
  return html`<div class="segmented" role="group" aria-label=${t("line")}>
    ${options.map(([name, values]) => html`<button aria-pressed=${set.join() === values.join()} onClick=${() => change({ filter: { is_online: values } })}>${t(`line.${name}`)}</button>`)}
  </div>`;
}

function Chips() {
  const { t, state, change } = useStore();
  const nameOf = useValueName();
  const set = FILTER_KEYS.filter((key) => key !== "is_online").flatMap((key) => (state.filter[key] ?? []).map((value) => [key, value]));
  if (!set.length) return null;
  const without = (key, value) => change({ filter: { [key]: state.filter[key].filter((one) => one !== value) } });
  return html`<ul class="chips" aria-label=${t("filters.set")}>
    ${set.map(([key, value]) => html`<li key=${`${key}=${value}`}><button class="chip" onClick=${() => without(key, value)} aria-label=${t("filters.remove", { key: t(`filter.${key}`), value: nameOf(key, value) })}>
      <span class="muted">${t(`filter.${key}`)}</span>${nameOf(key, value)}<${Icon} name="close" size=${12} /></button></li>`)}
    <li><button class="button bare tiny" onClick=${() => change({ filter: Object.fromEntries(FILTER_KEYS.map((key) => [key, null])) })}>${t("filters.clear")}</button></li>
  </ul>`;
}
