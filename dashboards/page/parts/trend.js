/** Change against the period before: an arrow only where the interval of the change excludes none, else "no significant change". */
import { html } from "../vendor/preact.js";
import { toneOfTrend } from "../core/kpi.js";
import { useStore } from "../core/store.js";

const SIGNS = { up: "▲", down: "▼" };

export function Trend({ row }) {
  const { t, fmt, catalogue } = useStore();
  if (!row.trend) return null;
  const key = { "no significant change": "trend.not_significant", "no answers to compare": "trend.none" }[row.trend];
  const tip = row.change == null ? t("trend.tip.none") : t("trend.tip", {
    change: fmt.signed(row.change), low: fmt.signed(row.change_low), high: fmt.signed(row.change_high),
    before: fmt.kpi(row.value_before, row.unit), n: fmt.whole(row.n_before),
  });
  if (key) return html`<span class="trend muted" tabindex="0" data-tip=${tip}>${t(key)}</span>`;
  return html`<span class=${`trend ${toneOfTrend(catalogue, row)} tabular`} tabindex="0" data-tip=${tip}>
    <span aria-hidden="true">${SIGNS[row.trend]}</span> <span class="hide">${t(`trend.${row.trend}`)}</span>${fmt.signed(row.change)}
  </span>`;
}
