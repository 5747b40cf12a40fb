/** The state of the page is its address: what the reader selects, which view, which language. Names are those of the API. */

export const FILTER_KEYS = ["channel", "is_online", "persona", "segment", "place", "brand", "touchpoint", "stage", "is_simulated"];
/** What narrows a list of journeys further; left behind when another view is opened. */
export const DRILL_KEYS = ["depth", "depth_min", "stage_max", "stage_max_min", "state", "is_window_over", "is_end_known", "touchpoint_last", "stage_at_end", "touchpoint_met", "stage_met", "step", "node_from", "node_to", "by", "answers", "answer_class", "person", "cycle", "order"];
export const VIEWS = ["map", "act", "trend", "funnel", "flow", "waits", "journeys", "comments"];
const SINGLE = ["map", "version", "from", "to", "compare", "view", "lang", "kpi", "grain", "mode", "steps", "lanes", "as_of", ...DRILL_KEYS];

/** Where nothing between `=` and `&` is a value: what the map gives no stage. */
const MAY_BE_EMPTY = ["stage_at_end"];
const isSaid = (key, value) => Boolean(value) || (value === "" && MAY_BE_EMPTY.includes(key));

/** @typedef {Record<string, any> & {filter: Record<string, string[]>}} State */

/** @returns {State} what an address means */
export function parse(search) {
  const params = new URLSearchParams(search);
  const state = { filter: {} };
  for (const key of SINGLE) if (isSaid(key, params.get(key))) state[key] = params.get(key);
  for (const key of FILTER_KEYS) if (params.has(key)) state.filter[key] = params.getAll(key);
  if (!VIEWS.includes(state.view)) state.view = "map";
  return state;
}

/** The address of a state: relative, in a stable order, without what is a matter of course. */
export function write(state) {
  const params = new URLSearchParams();
  for (const key of SINGLE) if (isSaid(key, state[key]) && !(key === "view" && state[key] === "map")) params.set(key, state[key]);
  for (const key of FILTER_KEYS) for (const value of state.filter?.[key] ?? []) params.append(key, value);
  const text = params.toString();
  return text ? `?${text}` : "?";
}

/** Another state: `changes` over it; `filter` is merged by key, null or an empty list removes. */
export function changed(state, changes) {
  const next = { ...state, ...changes, filter: { ...state.filter } };
  for (const [key, values] of Object.entries(changes.filter ?? {})) {
    if (values?.length) next.filter[key] = values;
    else delete next.filter[key];
  }
  for (const key of Object.keys(next)) if (!isSaid(key, next[key])) delete next[key];
  return next;
}

/** The state of another view: the same selection, without what narrowed the list of journeys. */
export function inView(state, view, changes = {}) {
  const cleared = Object.fromEntries(DRILL_KEYS.map((key) => [key, null]));
  return changed(state, { ...cleared, ...changes, view });
}
