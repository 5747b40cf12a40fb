/** The journeys behind a number, and one of them on its time line. Persons are pseudonyms. */
import { html, useState } from "../vendor/preact.js";
import { DRILL_KEYS } from "../core/address.js";
import { kpiTitle } from "../core/kpi.js";
import { nodeName } from "../core/node.js";
import { shortPerson } from "../core/person.js";
import { joined, useQuery } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Simulated } from "../parts/badges.js";
import { Icon } from "../parts/icons.js";
import { To } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";
import { Table } from "../parts/table.js";
import { Journey } from "./journeys/journey.js";
import { StagePath } from "./journeys/path.js";

const PAGE = 50;
/** Names in the address → parameters of the list. */
const NARROWING = DRILL_KEYS.filter((key) => !["person", "cycle", "order", "answers", "answer_class"].includes(key));
const CLASSES = ["all", "good", "neutral", "bad"];

/** Which list: of all selected journeys, or of those that the answers to a KPI are about, and its own arguments. */
function listOf({ answers, answer_class }) {
  if (!answers) return ["journeys", {}];
  const [kpi, variant, scope] = answers.split("/");
  return ["journeys_of_answers", { kpi, variant, scope, answers: CLASSES.includes(answer_class) ? answer_class : "all" }];
}

export function JourneysView() {
  const { state } = useStore();
  if (state.person && state.cycle) return html`<${Journey} person=${state.person} cycle=${state.cycle} />`;
  return html`<${Sides}>${(side) => html`<${List} side=${side} key=${side.id} />`}<//>`;
}

function List({ side }) {
  const { t, fmt, state, change } = useStore();
  const [shown, setShown] = useState(PAGE);
  const narrowed = Object.fromEntries(NARROWING.filter((key) => state[key] != null).map((key) => [key, key === "state" ? state[key].split(",") : state[key]]));
  const sorted = state.order ?? "-started_at";
  const [view, own] = listOf(state);
  const list = useQuery(view, side, { ...side.asOf, ...own, ...narrowed, order: sorted, limit: shown }, { cost: 1 });
  const count = useQuery(view, side, { ...side.asOf, ...own, ...narrowed, count: 1 }, { cost: 1 });
  const all = Number(count.rows[0]?.count ?? 0);
  const title = count.status === "ready" ? t("journeys.title", { count: all }) : t("view.journeys");
  return html`<${Panel} name=${`journeys-${side.id}`} title=${title} note=${state.answers ? `${t("journeys.of_answers")} ${t("journeys.note")}` : t("journeys.note")} status=${joined(list, count)} height=${420}
    queries=${[[t("query.journeys"), list], [t("query.count"), count]]} actions=${html`<${Order} sorted=${sorted} />`} empty=${list.rows.length ? "" : t("journeys.empty")}>
    <${Answers} />
    <${Narrowed} narrowed=${narrowed} />
    <${Table} columns=${useColumns()} rows=${list.rows} caption=${title} />
    ${shown < all && html`<button class="button more" onClick=${() => setShown(shown + 200)}>${t("journeys.more", { count: Math.min(all - shown, 200), shown: list.rows.length, all })}</button>`}
  <//>`;
}

const ORDERS = ["-started_at", "started_at", "-last_at", "-touchpoints", "person"];

function Order({ sorted }) {
  const { t, change } = useStore();
  return html`<label class="small muted">${t("journeys.order")} <select class="input" value=${sorted} onChange=${(event) => change({ order: event.target.value }, { replace: true })}>
    ${ORDERS.map((one) => html`<option value=${one}>${t(`journeys.order.${one.replace("-", "last_")}`)}</option>`)}</select></label>`;
}

/** The KPI whose answers select the journeys, to be taken away, and which class of its answers. */
function Answers() {
  const { t, state, change } = useStore();
  if (!state.answers) return null;
  const [kpi, variant, scope] = state.answers.split("/");
  const chosen = CLASSES.includes(state.answer_class) ? state.answer_class : "all";
  return html`<div class="controls"><button class="chip" onClick=${() => change({ answers: null, answer_class: null })}>${t("narrowed.answers", { kpi: kpiTitle(t, { kpi, variant, scope }) })}<${Icon} name="close" size=${12} /></button>
    <label class="small muted">${t("answers.class")} <select class="input" value=${chosen} onChange=${(event) => change({ answer_class: event.target.value === "all" ? null : event.target.value }, { replace: true })}>
      ${CLASSES.map((one) => html`<option value=${one}>${t(`answers.class.${one}`)}</option>`)}</select></label></div>`;
}

/** What narrows the list beside the filters, in words, each to be taken away. */
function Narrowed({ narrowed }) {
  const { t, names, state, change } = useStore();
  const keys = Object.keys(narrowed).filter((key) => !["by", "node_from", "node_to", "steps", "top"].includes(key));
  if (!keys.length) return null;
  const by = narrowed.by ?? "touchpoint";
  const node = (value) => nodeName(t, names[by], value);
  const stages = [...names.stage.values()];
  const said = {
    depth: (value) => t("narrowed.depth", { stage: stages[value - 1] ?? value }), depth_min: (value) => t("narrowed.depth_min", { stage: stages[value - 1] ?? value }),
    stage_max: (value) => t("narrowed.stage_max", { stage: stages[value - 1] ?? value }), stage_max_min: (value) => t("narrowed.stage_max_min", { stage: stages[value - 1] ?? value }),
    state: (value) => value.split(",").map((one) => t(`state.${one}`)).join(", "), touchpoint_last: (value) => t("narrowed.touchpoint_last", { name: names.touchpoint.get(value) ?? value }),
    is_window_over: () => t("narrowed.is_window_over"), is_end_known: () => t("narrowed.is_end_known"),
    stage_at_end: (value) => t("narrowed.stage_at_end", { stage: value ? names.stage.get(value) ?? value : t("stage.none") }),
    touchpoint_met: (value) => t("narrowed.met", { name: names.touchpoint.get(value) ?? value }), stage_met: (value) => t("narrowed.met", { name: names.stage.get(value) ?? value }),
    step: (value) => t("narrowed.step", { step: Number(value), from: node(narrowed.node_from), to: node(narrowed.node_to) }),
  };
  const without = (key) => change({ [key]: null, ...(key === "step" && { node_from: null, node_to: null, by: null, steps: null }) });
  return html`<ul class="chips" aria-label=${t("narrowed")}>${keys.map((key) => html`<li><button class="chip" onClick=${() => without(key)}>${said[key]?.(state[key]) ?? `${key}: ${state[key]}`}<${Icon} name="close" size=${12} /></button></li>`)}</ul>`;
}

function useColumns() {
  const { t, fmt } = useStore();
  return [
    { key: "person", title: t("journeys.person"), cell: (row) => html`<${To} changes=${{ person: row.person, cycle: String(row.cycle) }} class="person" aria-label=${t("journeys.open", { person: shortPerson(row.person), cycle: Number(row.cycle) })}><code>${shortPerson(row.person)}</code><span class="muted"> · ${fmt.whole(row.cycle)}</span><//>` },
    { key: "path", title: t("journeys.path"), cell: (row) => html`<${StagePath} row=${row} />` },
    { key: "state", title: t("journeys.state"), cell: (row) => html`<span class=${`badge ${{ converted: "good", closed: "bad" }[row.state] ?? ""}`}>${t(`state.${row.state}`)}</span> <${Simulated} row=${row} />` },
    { key: "touchpoints", title: t("journeys.touchpoints"), number: true, cell: (row) => fmt.whole(row.touchpoints) },
    { key: "started_at", title: t("journeys.started"), number: true, cell: (row) => fmt.day(row.started_at) },
    { key: "duration", title: t("journeys.duration"), number: true, cell: (row) => fmt.duration((Date.parse(row.last_at) - Date.parse(row.started_at)) / 1000) },
  ];
}
