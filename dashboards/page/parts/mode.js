/** The choice of what it means that a journey reached a stage. It stands in the address and holds for the whole page and its export. */
import { html } from "../vendor/preact.js";
import { MODES, modeOf } from "../core/funnel.js";
import { useStore } from "../core/store.js";

export function ModeChoice() {
  const { t, state, change } = useStore();
  const mode = modeOf(state);
  return html`<div class="segmented" role="group" aria-label=${t("funnel.mode")}>${MODES.map((name) =>
    html`<button aria-pressed=${mode === name} data-tip=${t(`funnel.${name}.note`)} onClick=${() => change({ mode: name === "any" ? "any" : null }, { replace: true })}>${t(`funnel.${name}`)}</button>`)}</div>`;
}
