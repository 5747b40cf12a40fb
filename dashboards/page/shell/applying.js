/** Says that another version of the map is being applied, and that the one shown stays until it is done. */
import { html } from "../vendor/preact.js";
import { useStore } from "../core/store.js";

export function Applying() {
  const { t, map, fmt } = useStore();
  return (map.applying ?? []).map((one) => html`<p class="notice" role="status">
    ${t("map.applying", { version: one.map_version, share: fmt.quantity(one.percent / 100, "share"), shown: map.map_version })}</p>`);
}
