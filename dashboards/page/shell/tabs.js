/** The views as links: each keeps what is selected. */
import { html, useEffect, useRef } from "../vendor/preact.js";
import { VIEWS } from "../core/address.js";
import { useStore } from "../core/store.js";
import { Icon } from "../parts/icons.js";
import { To } from "../parts/link.js";

export function Tabs() {
  const { t, state, served } = useStore();
  const strip = useRef(null);
  // On a narrow screen the strip scrolls: the open tab is in it.
  useEffect(() => {
    const tab = strip.current.querySelector("[aria-current]");
    if (tab) strip.current.scrollLeft = tab.offsetLeft - (strip.current.clientWidth - tab.offsetWidth) / 2;
  }, [state.view, t, served]);
  return html`<nav class="tabs" ref=${strip} aria-label=${t("views")}>
    ${VIEWS.filter((view) => view !== "comments" || served).map((view) => html`<${To} key=${view} view=${view} class="tab" aria-current=${state.view === view ? "page" : undefined}>
      <${Icon} name=${view} size=${16} />${t(`view.${view}`)}<//>`)}
  </nav>`;
}
