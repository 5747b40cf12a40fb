/** How to read a range: what stands for the value, the interval and the target. */
import { html } from "../../vendor/preact.js";
import { useStore } from "../../core/store.js";
import { Range } from "../../parts/interval.js";

export function Legend() {
  const { t } = useStore();
  return html`<div class="legend map-legend">
    <span><span class="legend-range"><${Range} value=${58} low=${44} high=${70} from=${0} to=${100} target=${84} label=${t("legend.range")} /></span>${t("legend.range")}</span>
    <span><i class="swatch good sign">✓</i>${t("legend.met")}</span>
    <span><i class="swatch bad sign">✗</i>${t("legend.missed")}</span>
    <span><i class="swatch neutral"></i>${t("legend.unproved")}</span>
  </div>`;
}
