/** Marks beside numbers: simulated data, few answers, suppressed values. */
import { html } from "../vendor/preact.js";
import { useStore } from "../core/store.js";

export function Simulated({ row, show = row && Number(row.is_simulated) === 1 }) {
  const { t } = useStore();
  return show ? html`<span class="badge simulated" tabindex="0" data-tip=${t("simulated.tip")}>${t("simulated")}</span>` : null;
}

/** `short`: beside n, where room is short. */
export function SmallN({ row, short }) {
  const { t, fmt } = useStore();
  return Number(row.is_small_n) === 1
    ? html`<span class=${short ? "few" : "badge"} tabindex="0" data-tip=${t("small_n.tip", { n: fmt.whole(row.n) })}>${t(short ? "small_n.short" : "small_n")}</span>` : null;
}

/** The number is of several questions or versions; their differences are in survey_wordings. */
export function Wordings({ row }) {
  const { t } = useStore();
  return Number(row.wordings ?? 0) > 1 ? html`<span class="badge" tabindex="0" data-tip=${t("wordings.tip", { count: Number(row.wordings) })}>${t("wordings")}</span>` : null;
}

export function Suppressed() {
  const { t } = useStore();
  return html`<span class="badge" tabindex="0" data-tip=${t("suppressed.tip")}>${t("suppressed")}</span>`;
}

/** `short`: only what is proved; that nothing is, the range itself says. */
export function Verdict({ row, short }) {
  const { t, fmt } = useStore();
  if (row.target == null || !row.target_verdict) return null;
  const tone = { met: "good", missed: "bad" }[row.target_verdict] ?? "";
  if (short && !tone) return null;
  const key = { met: "target.met", missed: "target.missed" }[row.target_verdict] ?? "target.unproved";
  return html`<span class=${`badge ${tone}`} tabindex="0" data-tip=${t(`${key}.tip`, { target: fmt.kpi(row.target, row.unit) })}>${short ? html`<span aria-hidden="true">${tone === "good" ? "✓" : "✗"}</span><span class="hide">${t(key)}</span>` : t(key)}</span>`;
}
