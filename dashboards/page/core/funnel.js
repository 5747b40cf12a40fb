/** How far journeys came is told in one mode on the whole page: in order, unless the address says `any`. */

export const MODES = ["in_order", "any"];
/** What becomes of the journeys that reached a stage; they add up to `reached`. */
export const PARTS = ["advanced", "completed", "dropped", "open"];
/** The same of the journeys whose window is over; they add up to `denominator`. */
export const REST = { advanced: "numerator", completed: "rest_completed", dropped: "rest_dropped", open: "rest_open" };
const STATES = { completed: "converted", dropped: "closed", open: "open" };

/** @returns {string} the mode that the reader chose */
export const modeOf = (state) => (state.mode === "any" ? "any" : "in_order");

/** What selects the journeys behind a count of a stage: `kind` is `reached` or one of PARTS; `judged`: only those whose window is over. */
export function drillOf(row, kind, mode, judged = false) {
  const column = mode === "any" ? "stage_max" : "depth";
  const over = judged ? { is_window_over: "1" } : {};
  if (kind === "reached") return { [`${column}_min`]: String(row.stage_order), ...over };
  if (kind === "advanced") return { [`${column}_min`]: String(Number(row.stage_order) + 1), ...over };
  return { [column]: String(row.stage_order), state: STATES[kind], ...over };
}
