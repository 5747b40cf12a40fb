/** One stage: its name and how many journeys reach it, its touchpoints in lanes, and what the map file says of it. */
import { html } from "../../vendor/preact.js";
import { useStore } from "../../core/store.js";
import { Number_ } from "../../parts/link.js";
import { Card } from "./card.js";

export function StageColumn({ number, stage, touchpoints, lanes, data, children }) {
  const { t } = useStore();
  const name = stage?.name ?? t("stage.none");
  const inLane = { all: () => true, online: (one) => one.is_online, offline: (one) => !one.is_online };
  return html`<article class="stage" style=${{ "--column": number + 1 }} aria-labelledby=${`stage-${number}`}>
    <header class="stage-head">
      <p class="stage-number" aria-hidden="true">${stage ? number : "·"}</p>
      <div><h3 id=${`stage-${number}`}>${name}</h3><p class="muted small">${stage ? stage.description : t("stage.none.note")}</p></div>
      ${stage && html`<div class="stage-facts">${data.map((one) => html`<${Reached} one=${one} stage=${stage} number=${number} several=${data.length > 1} />`)}</div>`}
    </header>
    <div class="stage-curve" aria-hidden="true"></div>
    ${lanes.map((lane) => {
      const cards = touchpoints.filter(inLane[lane]);
      return html`<div class="lane"><h4 class="cell-name">${t(`lane.${lane}`)}</h4>
        ${cards.map((one) => html`<${Card} key=${one.id} touchpoint=${one} stage=${stage} data=${data} />`)}
        ${!cards.length && html`<p class="lane-none muted small">${t("lane.none")}</p>`}</div>`;
    })}
    ${children}
  </article>`;
}

/** Journeys that reached the stage or a later one, how many of them went on, and the share of those whose window is over. */
function Reached({ one, stage, number, several }) {
  const { t, fmt } = useStore();
  const row = one.funnel.rows.find((each) => each.stage === stage.id);
  const wait = one.funnel.status === "loading";
  if (wait) return html`<p class="wait wide" role="status"><span class="hide">${t("loading")}</span></p>`;
  if (!row) return null;
  const rate = row.rate == null ? null : t("stage.rate", { rate: fmt.percent(row.rate), n: Number(row.denominator), interval: fmt.range(row.ci_low, row.ci_high, fmt.percent) });
  return html`<p class="small">${several && html`<span class=${`side-tag side-${one.side.id}`}>${one.side.id.toUpperCase()}</span> `}
    <${Number_} side=${one.side} drill=${{ stage_max_min: String(row.stage_order ?? number) }} label=${t("stage.reached.open", { count: Number(row.reached), stage: stage.name })}>${fmt.whole(row.reached)}<//>
    <span class="muted"> ${t("stage.reached")}</span>${Number(row.advanced) > 0 && html`<br /><span class="muted">${t("stage.advanced", { count: Number(row.advanced) })}</span>`}${rate && html`<br /><span class="muted">${rate}</span>`}</p>`;
}
