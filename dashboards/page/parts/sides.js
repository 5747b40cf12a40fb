/** The same view for one side, or for two beside each other under their names. */
import { html } from "../vendor/preact.js";
import { useStore } from "../core/store.js";

export function Sides({ children }) {
  const { sides } = useStore();
  if (sides.length === 1) return children(sides[0]);
  return html`<div class="sides">${sides.map((side) => html`<div class=${`side side-${side.id}`} key=${side.id}>
    <${SideName} side=${side} />${children(side)}</div>`)}</div>`;
}

export function SideName({ side }) {
  const label = useSideLabel();
  return html`<p class=${`side-name side-${side.id}`}><span class="side-mark" aria-hidden="true">${side.id.toUpperCase()}</span>${label(side)}</p>`;
}

/** @returns {(side: any) => string} what tells a side from the other */
export function useSideLabel() {
  const { state, names, fmt, t } = useStore();
  return (side) => {
    if (!state.compare?.startsWith("persona")) return fmt.period(side.period);
    const personas = side.filter.persona;
    if (!personas?.length) return t("persona.all");
    return personas.map((id) => (id === "" ? t("unknown") : names.persona.get(id) ?? id)).join(", ");
  };
}
