/** A value with its 95 % interval as a range on the KPI's scale, the target as a mark: read at a glance, and as text beside it.
 * Why: docs/decisions/0156. */
import { html } from "../vendor/preact.js";
import { useStore } from "../core/store.js";

const WIDTH = 100;
const HEIGHT = 16;
const MIDDLE = HEIGHT / 2;
const DASHES = [0, 4.5, 9, 13.5];

/**
 * Its colours are inherited from the element itself (`color` the tone, `fill` the marks), since a picture of the page keeps those alone.
 * @param {{value: number, low: number, high: number, from: number, to: number, target?: number, tone?: string}} props on the scale from..to
 */
export function Range({ value, low, high, from, to, target, tone = "neutral", label }) {
  const at = (x) => (Math.min(Math.max((Number(x) - from) / (to - from), 0), 1) * WIDTH).toFixed(2);
  return html`<svg class=${`range ${tone}`} viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>
    <rect fill="currentColor" fill-opacity="0.24" x="0" y=${MIDDLE - 1} width=${WIDTH} height="2" />
    ${low != null && html`<rect fill="currentColor" fill-opacity="0.7" x=${at(low)} y=${MIDDLE - 3} width=${Math.max(at(high) - at(low), 0.8)} height="6" />`}
    ${value != null && html`<rect x=${at(value) - 0.9} y=${MIDDLE - 6} width="1.8" height="12" />`}
    ${target != null && DASHES.map((y) => html`<rect x=${at(target) - 0.5} y=${y} width="1" height="2.4" />`)}
  </svg>`;
}

/** The range of a row of the survey views. */
export function KpiRange({ row }) {
  const { t, fmt } = useStore();
  const write = (value) => fmt.kpi(value, row.unit);
  const label = t("interval.label", { value: write(row.value), low: write(row.ci_low), high: write(row.ci_high) })
    + (row.target == null ? "" : ` ${t("target.is", { target: write(row.target) })}`);
  return html`<${Range} value=${row.value} low=${row.ci_low} high=${row.ci_high} from=${Number(row.scale_low)} to=${Number(row.scale_high)}
    target=${row.target} tone=${toneOf(row)} label=${label} />`;
}

/** How a KPI stands to its target, as far as the interval proves it. */
export const toneOf = (row) => ({ met: "good", missed: "bad" })[row.target_verdict] ?? "neutral";
