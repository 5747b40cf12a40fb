/** Links within the page: real addresses, so that they open in another tab, go back and can be sent to a colleague. */
import { html } from "../vendor/preact.js";
import { changed, inView, write } from "../core/address.js";
import { useStore } from "../core/store.js";

/** A link to the same page with other state; `view` opens another one and leaves what narrowed a list behind. */
export function To({ view, changes = {}, children, ...rest }) {
  const { state } = useStore();
  return html`<a href=${write(view ? inView(state, view, changes) : changed(state, changes))} data-within ...${rest}>${children}</a>`;
}

/**
 * A number from which one comes to the journeys behind it. `drill` is what selects them: filters under `filter`, and what narrows the list;
 * `side` carries period and filters of the side that the number belongs to.
 */
export function Number_({ children, drill, side, label, tip, className = "" }) {
  const { state, t } = useStore();
  if (!drill) return html`<span class=${`tabular ${className}`} data-tip=${tip}>${children}</span>`;
  const own = side ? { from: side.period.from, to: side.period.to, compare: null } : {};
  const base = side ? { ...state, filter: side.filter } : state;
  const href = write(inView(base, "journeys", { ...own, ...drill }));
  return html`<a class=${`num ${className}`} href=${href} data-within data-tip=${tip ?? t("drill.tip")} aria-label=${label}>${children}</a>`;
}
