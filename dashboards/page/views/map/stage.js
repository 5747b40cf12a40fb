/** One stage: its name and its facts, its touchpoints in lanes, and what the map file says of it. */
import { html } from "../../vendor/preact.js";
import { useStore } from "../../core/store.js";
import { Simulated } from "../../parts/badges.js";
import { Card } from "./card.js";
import { StageFacts } from "./stage_facts.js";

export function StageColumn({ number, stage, touchpoints, lanes, data, children }) {
  const { t } = useStore();
  const name = stage?.name ?? t("stage.none");
  const inLane = { all: () => true, online: (one) => one.is_online, offline: (one) => !one.is_online };
  const isMade = (row) => Number(row.is_simulated) === 1;
  const simulated = stage && data.some((one) => one.volume.rows.some((row) => row.stage === stage.id && isMade(row)) || one.funnel.rows.some((row) => row.stage === stage.id && Number(row.reached) > 0 && isMade(row)));
  return html`<article class="stage" data-stage=${stage?.id} style=${{ "--column": number + 1 }} aria-labelledby=${`stage-${number}`}>
    <header class="stage-head">
      <p class="stage-number" aria-hidden="true">${stage ? number : "·"}</p>
      <div><div class="stage-title"><h3 id=${`stage-${number}`}>${name}</h3><${Simulated} show=${simulated} /></div><p class="muted small">${stage ? stage.description : t("stage.none.note")}</p></div>
      ${stage && html`<${StageFacts} stage=${stage} data=${data} />`}
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
