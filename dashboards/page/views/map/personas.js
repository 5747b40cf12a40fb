/** Who they are: the personas of the map file; a click shows their map. */
import { html } from "../../vendor/preact.js";
import { remarks } from "../../core/mapfile.js";
import { useStore } from "../../core/store.js";
import { Icon } from "../../parts/icons.js";

export function Personas() {
  const { t, map, state, change } = useStore();
  const personas = map.content.personas ?? [];
  if (!personas.length) return null;
  const set = state.filter.persona ?? [];
  const toggle = (id) => change({ filter: { persona: set.includes(id) ? set.filter((one) => one !== id) : [id] } });
  return html`<section class="personas" aria-label=${t("personas")}>
    ${personas.map((one) => [one, remarks(one, "needs").map((need) => need.text)]).map(([one, needs]) => html`<article class=${`persona ${set.includes(one.id) ? "is-on" : ""}`}>
      <span class="persona-face" aria-hidden="true"><${Icon} name="person" size=${20} /></span>
      <div><h3>${one.name}</h3>
        ${one.description && html`<p class="small muted">${one.description}</p>`}
        ${needs.length > 0 && html`<p class="small"><span class="muted">${t("persona.needs")}</span> ${needs.join(" · ")}</p>`}</div>
      <button class="button tiny" aria-pressed=${set.includes(one.id)} onClick=${() => toggle(one.id)} aria-label=${t("persona.show", { name: one.name })}>
        ${t(set.includes(one.id) ? "persona.all.short" : "persona.show.short")}</button>
    </article>`)}
  </section>`;
}
