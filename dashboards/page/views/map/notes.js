/** What the map file says of a stage: what people do, want, ask, expect and meet, and what is done about it. */
import { html } from "../../vendor/preact.js";
import { remarks } from "../../core/mapfile.js";
import { useStore } from "../../core/store.js";

export const REMARK_KINDS = ["actions", "emotions", "motivations", "goals", "questions", "expectations", "friction", "opportunities", "initiatives"];
export const NOTE_ROWS = [
  { name: "actions", kinds: ["actions"] }, { name: "emotions", kinds: ["emotions"] }, { name: "goals", kinds: ["goals", "motivations"] },
  { name: "questions", kinds: ["questions"] }, { name: "expectations", kinds: ["expectations"] }, { name: "friction", kinds: ["friction"] },
  { name: "opportunities", kinds: ["opportunities"] }, { name: "initiatives", kinds: ["initiatives"] },
];

export function Notes({ stage, rows }) {
  const { t } = useStore();
  return rows.map(({ name, kinds }) => {
    const found = stage ? kinds.flatMap((kind) => remarks(stage, kind)) : [];
    return html`<div class=${`note-cell ${name} ${found.length ? "" : "is-empty"}`}>${found.length > 0 && html`<h4 class="cell-name">${t(`notes.${name}`)}</h4>
      <ul class="notes">${found.map((one) => html`<li><${Remark} one=${one} /></li>`)}</ul>`}</div>`;
  });
}

export function Remark({ one }) {
  const { t, fmt, names } = useStore();
  if (one.emotion) return html`<span class=${`emotion ${one.valence}`}><span aria-hidden="true">${{ positive: "+", negative: "−" }[one.valence] ?? "○"}</span><span class="hide">${t(`valence.${one.valence}`)}: </span>${one.emotion}</span>`;
  const { target } = one;
  const bound = target && ["at_least", "at_most"].find((key) => target[key] != null);
  return html`${one.text}
    ${bound && html` <span class="badge" tabindex="0" data-tip=${t("expectation.tip", { quantity: (target.quantity ?? "").replaceAll("_", " ") })}>${t(`target.${bound}`, { value: fmt.quantity(target[bound], target.unit) })}</span>`}
    ${one.owner && html` <span class="muted small">(${one.owner})</span>`}
    ${one.persona && html` <span class="badge">${names.persona.get(one.persona) ?? one.persona}</span>`}`;
}
