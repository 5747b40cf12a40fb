/** Which way journeys take: step by step, the less frequent as "(other)", so that every step is all of them. */
import { html } from "../vendor/preact.js";
import { inView, write } from "../core/address.js";
import { MARKS, nodeName } from "../core/node.js";
import { joined, useQuery } from "../core/query.js";
import { useStore } from "../core/store.js";
import { Simulated } from "../parts/badges.js";
import { Chart, plain, tipOf } from "../parts/chart.js";
import { Number_ } from "../parts/link.js";
import { Panel } from "../parts/panel.js";
import { Sides } from "../parts/sides.js";

const TOP = 6;
const STEPS = [3, 4, 5, 6, 8];

export function FlowView() {
  return html`<${Sides}>${(side) => html`<${Flow} side=${side} key=${side.id} />`}<//>`;
}

function Flow({ side }) {
  const { t, fmt, state, change, names } = useStore();
  const by = state.by === "stage" ? "stage" : "touchpoint";
  const steps = STEPS.includes(Number(state.steps)) ? Number(state.steps) : 5;
  const paths = useQuery("paths", side, { ...side.asOf, by, steps, top: TOP }, { cost: 1 });
  const rows = [...paths.rows].sort((one, other) => one.step - other.step || other.journeys - one.journeys || one.from_node.localeCompare(other.from_node) || one.to_node.localeCompare(other.to_node));
  const nameOf = (node) => nodeName(t, names[by], node);
  const drill = (row) => ({ step: String(row.step), node_from: row.from_node, node_to: row.to_node, by, steps: String(steps) });
  const actions = html`<div class="segmented" role="group" aria-label=${t("by")}>${["touchpoint", "stage"].map((name) =>
      html`<button aria-pressed=${by === name} onClick=${() => change({ by: name === "stage" ? "stage" : null }, { replace: true })}>${t(`by.${name}`)}</button>`)}</div>
    <label class="small muted">${t("flow.steps")} <select class="input" value=${steps} onChange=${(event) => change({ steps: event.target.value }, { replace: true })}>${STEPS.map((one) => html`<option value=${one}>${one}</option>`)}</select></label>`;
  const columns = [
    { key: "step", title: t("flow.step"), number: true }, { key: "from_node", title: t("flow.from"), cell: (row) => nameOf(row.from_node) }, { key: "to_node", title: t("flow.to"), cell: (row) => nameOf(row.to_node) },
    { key: "journeys", title: t("flow.journeys"), number: true, cell: (row) => html`<${Number_} side=${side} drill=${drill(row)}>${fmt.whole(row.journeys)}<//>` },
    { key: "share", title: t("flow.share"), number: true, cell: (row) => fmt.percent(row.share) },
  ];
  return html`<${Panel} name=${`flow-${side.id}`} title=${t("view.flow")} note=${t("flow.note")} status=${joined(paths)} height=${480} actions=${actions}
    queries=${[[t("query.paths"), paths]]} empty=${rows.length ? "" : t("flow.empty")} table=${{ columns, rows }}>
    <${Simulated} show=${rows.some((row) => Number(row.is_simulated) === 1)} />
    <${Sankey} rows=${rows} nameOf=${nameOf} by=${by} side=${side} drill=${drill} />
  <//>`;
}

function Sankey({ rows, nameOf, by, side, drill }) {
  const { t, fmt, state, go, map } = useStore();
  const order = map.content[by === "stage" ? "stages" : "touchpoints"].map((one) => one.id);
  const open = (row) => go(write(inView({ ...state, filter: side.filter }, "journeys", { ...drill(row), from: side.period.from, to: side.period.to, compare: null })));
  const said = (row) => t("flow.point", { step: Number(row.step), from: nameOf(row.from_node), to: nameOf(row.to_node), count: Number(row.journeys), share: fmt.percent(row.share) });
  const id = (step, node) => `${step}|${node}`;
  const nodeOf = (name) => name.slice(name.indexOf("|") + 1);
  const last = Math.max(...rows.map((row) => Number(row.step)));
  const option = (colours) => {
    const { tooltip } = plain(colours);
    const colour = (node) => (MARKS.includes(node) ? { "(open)": colours.line }[node] ?? colours.neutral : colours.series[Math.max(order.indexOf(node), 0) % colours.series.length]);
    const nodes = new Map();
    for (const row of rows) {
      nodes.set(id(row.step, row.from_node), { node: row.from_node, depth: Number(row.step) });
      nodes.set(id(Number(row.step) + 1, row.to_node), { node: row.to_node, depth: Number(row.step) + 1 });
    }
    return {
      tooltip: { ...tooltip, trigger: "item", formatter: (event) => tipOf(event.dataType === "edge" ? said(rows[event.dataIndex]).split("; ") : [nameOf(nodeOf(event.name)), t("flow.node", { count: Number(event.value) })]) },
      series: [{
        type: "sankey", left: 8, right: 130, top: 12, bottom: 12, nodeGap: 12, nodeWidth: 14, draggable: false, layoutIterations: 32, emphasis: { focus: "adjacency" },
        labelLayout: { hideOverlap: true }, label: { color: colours.text, fontSize: 12, textBorderColor: colours.surface, textBorderWidth: 3, formatter: ({ name }) => nameOf(nodeOf(name)) }, lineStyle: { color: "source", opacity: 0.32, curveness: 0.5 },
        data: [...nodes].map(([name, { node, depth }]) => ({ name, depth: Math.min(depth, last + 1), itemStyle: { color: colour(node), borderWidth: 0 } })),
        links: rows.map((row) => ({ source: id(row.step, row.from_node), target: id(Number(row.step) + 1, row.to_node), value: Number(row.journeys) })),
      }],
    };
  };
  const points = rows.map((row, at) => ({ seriesIndex: 0, dataIndex: at, text: said(row), open: () => open(row) }));
  const first = [...rows].sort((one, other) => Number(other.journeys) - Number(one.journeys)).slice(0, 3);
  return html`<div class="wide-chart" tabindex="-1"><${Chart} option=${option} points=${points} height=${480} depends=${[JSON.stringify(rows), by, t]} label=${`${t("flow.label")} ${first.map(said).join(". ")}.`}
    onClick=${(event) => event.dataType === "edge" && open(rows[event.dataIndex])} /></div>`;
}
