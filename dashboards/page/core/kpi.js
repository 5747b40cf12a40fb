/** Rows of the survey views: which KPI they are of, what it is called, what goes together. */
import { named } from "./i18n.js";

export const kpiKey = (row) => `${row.kpi}/${row.variant}/${row.scope}`;

/** The KPI's short name, and what exactly is counted. */
export const kpiName = (t, row) => named(t, `kpi.${row.kpi}`, row.kpi.toUpperCase());
export function kpiFormula(t, row) {
  const [, variant, isReversed] = /^(.*?)(_reversed)?$/.exec(row.variant);
  const formula = named(t, `variant.${row.kpi}.${variant}`, variant);
  return isReversed ? t("variant.reversed", { formula }) : formula;
}
export const kpiScope = (t, row) => named(t, `scope.${row.scope}`, row.scope);
export const kpiTitle = (t, row) => `${kpiName(t, row)} · ${kpiFormula(t, row)} · ${kpiScope(t, row)}`;

/** "good" or "bad" for a KPI that goes up or down, as its catalogue says which end of it is good; "" where it does not say. */
export function toneOfTrend(catalogue, row) {
  const isLowGood = catalogue.get(`${row.kpi}/${row.variant}`)?.is_low_good;
  if (isLowGood == null) return "";
  return (row.trend === "down") === (Number(isLowGood) === 1) ? "good" : "bad";
}

/** What a KPI is held against by the map; null where its questions differ in that. */
export function targetOf(content, row) {
  const targets = new Set((content.kpis ?? []).filter((one) => one.kpi === row.kpi && one.variant === row.variant && one.scope === row.scope).map((one) => one.target ?? null));
  return targets.size === 1 ? [...targets][0] : null;
}

/** Rows of survey views in the order in which the map asks their KPIs, so that a card never changes under the reader's eyes; others come last. */
export function asAsked(content, rows) {
  const asked = (content.kpis ?? []).map(kpiKey);
  const place = (row) => (asked.includes(kpiKey(row)) ? asked.indexOf(kpiKey(row)) : asked.length);
  return [...rows].sort((one, other) => place(one) - place(other) || kpiKey(one).localeCompare(kpiKey(other)) || one.is_simulated - other.is_simulated);
}

/** The KPIs of these rows, those with most answers first: one row of each. */
export function kpisIn(rows) {
  const found = new Map();
  for (const row of rows) {
    const held = found.get(kpiKey(row)) ?? { ...row, answers: 0 };
    held.answers += Number(row.n ?? 0);
    found.set(kpiKey(row), held);
  }
  return [...found.values()].sort((one, other) => other.answers - one.answers);
}

/** Rows in groups by what `key` says, in the order in which they come. */
export function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    const name = key(row);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(row);
  }
  return groups;
}

const list = (value) => (value == null ? [] : Array.isArray(value) ? value : [value]);

/** Which KPIs the map asks at a touchpoint of a stage: entries of its `kpis`. */
export function askedAt(content, touchpoint, stage) {
  const goals = new Map((content.goals ?? []).map((goal) => [goal.id, list(goal.when)]));
  return (content.kpis ?? []).filter(({ ask = {} }) =>
    ask.touchpoints === "all" || list(ask.touchpoints).includes(touchpoint) || list(ask.stages).includes(stage)
    || list(ask.goals).some((goal) => goals.get(goal)?.some((when) => list(when.touchpoint).includes(touchpoint) || list(when.stage).includes(stage))));
}
