/** A touchpoint at a glance: what people say of it, with n, interval, target and trend; how many come by, how many are lost, what is earned. */
import { html } from "../../vendor/preact.js";
import { named } from "../../core/i18n.js";
import { asAsked, askedAt, grouped, kpiKey } from "../../core/kpi.js";
import { remarks } from "../../core/mapfile.js";
import { useStore } from "../../core/store.js";
import { Simulated } from "../../parts/badges.js";
import { Icon } from "../../parts/icons.js";
import { To } from "../../parts/link.js";
import { Facts } from "./facts.js";
import { Kpi } from "./kpi.js";
import { REMARK_KINDS, Remark } from "./notes.js";

export function Card({ touchpoint, stage, data }) {
  const { t, map } = useStore();
  const own = (rows) => rows.filter((row) => row.touchpoint === touchpoint.id && (!stage || row.stage === stage.id));
  const sides = data.map((one) => ({ ...one, volumes: own(one.volume.rows), answers: asAsked(map.content, own(one.survey.rows)) }));
  const asked = askedAt(map.content, touchpoint.id, stage?.id);
  const seen = sides.some((one) => one.volumes.length);
  const volumes = sides.flatMap((one) => one.volumes);
  const isMade = (row) => Number(row.is_simulated) === 1;
  const simulated = seen && volumes.every(isMade);
  return html`<section class=${`card ${seen ? "" : "unseen"}`} aria-label=${touchpoint.name} data-touchpoint=${touchpoint.id}>
    <header class="card-head">
      <span class="channel" tabindex="0" data-tip=${`${named(t, `channel.${touchpoint.channel}`, touchpoint.channel)} · ${t(`ownership.${touchpoint.ownership}`)}${touchpoint.description ? `\n${touchpoint.description}` : ""}`}>
        <${Icon} name=${touchpoint.is_online ? "online" : "offline"} size=${15} /><span class="hide">${t(touchpoint.is_online ? "line.online" : "line.offline")}</span></span>
      <h4><${To} view="trend" changes=${{ filter: { touchpoint: [touchpoint.id] } }}>${touchpoint.name}<//></h4>
      <${Simulated} show=${volumes.some(isMade)} />
    </header>
    <${Observability} touchpoint=${touchpoint} seen=${seen} />
    <${Kpis} sides=${sides} asked=${asked} touchpoint=${touchpoint} stage=${stage} marked=${simulated} />
    ${seen && html`<${Facts} touchpoint=${touchpoint} stage=${stage} sides=${sides} />`}
    <${OwnRemarks} touchpoint=${touchpoint} />
  </section>`;
}

/** Touchpoints that no system sees are said to be so: they are not zero. */
function Observability({ touchpoint, seen }) {
  const { t } = useStore();
  if (touchpoint.observability === "traceable") return seen ? null : html`<p class="small muted">${t("card.no_events")}</p>`;
  return html`<p class="small"><span class="badge" tabindex="0" data-tip=${t(`observability.${touchpoint.observability}.tip`)}>${t(`observability.${touchpoint.observability}`)}</span></p>`;
}

/** `marked`: the whole card is labelled as simulated already. */
function Kpis({ sides, asked, touchpoint, stage, marked }) {
  const { t } = useStore();
  if (sides.some((one) => one.survey.status === "loading")) {
    return asked.map(() => html`<div class="wait kpi-wait" role="status"><span class="hide">${t("loading")}</span></div>`);
  }
  if (sides.some((one) => one.survey.status === "failed")) return html`<p class="small bad">${t("failure.part")}</p>`;
  const rows = sides.flatMap((one) => one.answers.map((row) => ({ row, side: one.side })));
  if (!rows.length) return asked.length ? html`<p class="small muted">${t("card.no_answers")}</p>` : null;
  const groups = grouped(rows, ({ row }) => `${kpiKey(row)}/${row.is_simulated}`);
  const made = rows.every(({ row }) => Number(row.is_simulated) === 1);
  return html`<div class="kpis">
    ${made && !marked && html`<p class="kpis-head small muted">${t("card.answers")} <${Simulated} show=${true} /></p>`}
    ${[...groups.values()].map((group) => html`<${Kpi} group=${group} several=${sides.length > 1} touchpoint=${touchpoint} stage=${stage} marked=${!made && !marked} />`)}
  </div>`;
}

function OwnRemarks({ touchpoint }) {
  const { t } = useStore();
  const found = REMARK_KINDS.flatMap((kind) => remarks(touchpoint, kind).map((one) => [kind, one]));
  if (!found.length) return null;
  return html`<details class="card-notes"><summary>${t("card.notes", { count: found.length })}</summary>
    <ul>${found.map(([kind, one]) => html`<li><span class="muted">${t(`notes.${kind}`)}:</span> <${Remark} one=${one} /></li>`)}</ul></details>`;
}
