/** The stages that a journey passed, as beads; repeated ones are counted. */
import { html } from "../../vendor/preact.js";
import { useStore } from "../../core/store.js";

const SHOWN = 12;

export function StagePath({ row }) {
  const { t, names } = useStore();
  const stages = [...names.stage.keys()];
  const beads = [];
  for (const stage of row.stage_path ?? []) {
    if (beads.at(-1)?.stage === stage) beads.at(-1).count += 1;
    else beads.push({ stage, count: 1 });
  }
  const label = beads.map(({ stage, count }) => `${names.stage.get(stage) ?? stage}${count > 1 ? ` ×${count}` : ""}`).join(" → ");
  return html`<span class="beads" role="img" aria-label=${label} tabindex="0" data-tip=${label}>
    ${beads.slice(0, SHOWN).map(({ stage, count }) => html`<i class=${`bead s${(stages.indexOf(stage) % 8) + 1}`}>${stages.indexOf(stage) + 1}${count > 1 ? html`<small>×${count}</small>` : ""}</i>`)}
    ${beads.length > SHOWN && html`<span class="muted small">+${beads.length - SHOWN}</span>`}
  </span>`;
}
