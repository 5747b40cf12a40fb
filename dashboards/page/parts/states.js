/** What stands where numbers will be, or could not be. */
import { html } from "../vendor/preact.js";
import { forget } from "../core/api.js";
import { useStore } from "../core/store.js";
import { Icon } from "./icons.js";

export function Skeleton({ height = 120 }) {
  const { t } = useStore();
  return html`<div class="skeleton" style=${{ height: `${height}px` }} role="status"><span class="hide">${t("loading")}</span></div>`;
}

/** What failed and what to do about it, in the server's words where it has said some. */
export function Failure({ error }) {
  const { t, again } = useStore();
  const kind = { 0: "away", 503: "ledger", 504: "slow" }[error?.status] ?? "other";
  return html`<div class="failure" role="alert">
    <${Icon} name="alert" size=${20} />
    <div>
      <p><strong>${t(`failure.${kind}`)}</strong></p>
      ${kind === "other" && error?.title && html`<p>${error.title}${error.field ? ` (${error.field})` : ""}</p>`}
      <p>${(kind === "other" && error?.hint) || t(`failure.${kind}.remedy`)}</p>
      <button class="button" onClick=${() => { forget(); again(); }}>${t("failure.again")}</button>
    </div>
  </div>`;
}
