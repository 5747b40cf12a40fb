/** The views as links: each keeps what is selected. */
import { html } from "../vendor/preact.js";
import { VIEWS } from "../core/address.js";
import { useStore } from "../core/store.js";
import { Icon } from "../parts/icons.js";
import { To } from "../parts/link.js";

export function Tabs() {
  const { t, state } = useStore();
  return html`<nav class="tabs" aria-label=${t("views")}>
    ${VIEWS.map((view) => html`<${To} key=${view} view=${view} class="tab" aria-current=${state.view === view ? "page" : undefined}>
      <${Icon} name=${view} size=${16} />${t(`view.${view}`)}<//>`)}
  </nav>`;
}
