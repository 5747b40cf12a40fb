/** What is compared: one side, or two that differ in period or persona. */
import { before, isDay, periodOf } from "./period.js";

/**
 * @typedef {object} Side
 * @property {string} id      "a" or "b"
 * @property {{from: string, to: string}} period
 * @property {Record<string, string|string[]>} params  arguments of every question of this side
 * @property {Record<string, string>} against  the period before, for trends
 */

/** @returns {Side[]} */
export function sidesOf(state, map) {
  const period = periodOf(state, map);
  const first = side("a", state.filter, period, map, state);
  const [kind, value] = (state.compare ?? "").split(/:(.*)/s);
  if (kind === "period") return [first, side("b", state.filter, otherPeriod(value, period), map, state)];
  if (kind === "persona" && value != null) return [first, side("b", { ...state.filter, persona: [value] }, period, map, state)];
  return [first];
}

/**
 * The moment (UTC) from which one looks whether a journey is still open: if the address does not say, the one that the server says is usual;
 * a period that ends later is seen from after the very last event.
 */
export function asOf(state, map) {
  return state.as_of ?? (periodOf(state, map).to > map.usual.to ? map.usual.later_as_of : map.usual.as_of);
}

function otherPeriod(text, period) {
  const [from, to] = (text ?? "").split("..");
  return isDay(from) && isDay(to) ? { from, to } : before(period);
}

function side(id, filter, period, map, state) {
  const previous = before(period);
  return {
    id, period, filter,
    params: { map: map.map, version: map.map_version, from: period.from, to: period.to, ...filter },
    against: { before_from: previous.from, before_to: previous.to },
    asOf: { as_of: asOf(state, map) },
  };
}
