/** Header, tabs, filters, the view, and at the foot what the numbers rest on. */
import { html, useEffect, useErrorBoundary, useRef } from "../vendor/preact.js";
import { useStore } from "../core/store.js";
import { Skeleton } from "../parts/states.js";
import { TooltipLayer } from "../parts/tooltip.js";
import { ActView } from "../views/act.js";
import { CommentsView } from "../views/comments.js";
import { FlowView } from "../views/flow.js";
import { FunnelView } from "../views/funnel.js";
import { JourneysView } from "../views/journeys.js";
import { MapView } from "../views/map.js";
import { TrendView } from "../views/trend.js";
import { WaitsView } from "../views/waits.js";
import { DataFoot } from "./data.js";
import { Filters } from "./filters.js";
import { Applying } from "./applying.js";
import { Header } from "./header.js";
import { Tabs } from "./tabs.js";

const VIEWS = { map: MapView, act: ActView, trend: TrendView, funnel: FunnelView, flow: FlowView, waits: WaitsView, journeys: JourneysView, comments: CommentsView };

export function Page() {
  const { t, state, map, maps } = useStore();
  const main = useRef(null);
  const [broken, reset] = useErrorBoundary((error) => console.error(error));
  useEffect(() => {
    document.title = `${t(`view.${state.view}`)} · ${map?.title ?? "Touchline"}`;
  }, [state.view, map, t]);
  const View = VIEWS[state.view];
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>${t("skip")}</a>
    <${Header} />
    ${map && html`<${Applying} />`}
    ${map && html`<${Tabs} /><${Filters} />`}
    <main id="main" class="main" tabindex="-1" ref=${main} data-view=${state.view}>
      <h1 class="hide">${map ? `${map.title}: ${t(`view.${state.view}`)}` : "Touchline"}</h1>
      ${broken ? html`<div class="failure" role="alert"><p>${t("failure.page")}</p><button class="button" onClick=${reset}>${t("failure.again")}</button></div>`
        : map ? html`<${View} key=${`${map.map}/${map.map_version}`} />`
        : maps ? html`<div class="panel empty"><p>${t("maps.none")}</p><pre><code>touchline map apply</code></pre></div>`
        : html`<div class="panel"><${Skeleton} height=${420} /></div>`}
    </main>
    ${map && html`<${DataFoot} />`}
    <${TooltipLayer} />`;
}
