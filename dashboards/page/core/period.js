/** Days as ISO texts, counted without time zones: periods of the map's local days. */

const DAY = 86_400_000;

export const toDate = (iso) => new Date(`${iso.slice(0, 10)}T00:00:00Z`);
export const toIso = (date) => date.toISOString().slice(0, 10);
export const plusDays = (iso, days) => toIso(new Date(toDate(iso).getTime() + days * DAY));
export const daysIn = (from, to) => Math.round((toDate(to) - toDate(from)) / DAY) + 1;
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(toDate(text).getTime());

/** The period of the same length right before. */
export function before({ from, to }) {
  const days = daysIn(from, to);
  return { from: plusDays(from, -days), to: plusDays(from, -1) };
}

/** The last `days` days of a map's data, up to the last usual one. */
export function lastDays(map, days) {
  return { from: plusDays(map.usual.to, 1 - days), to: map.usual.to };
}

/** Up to the very last day, where a few events stand after a gap; null where there are none. */
export function laterDays(map) {
  return Number(map.later_events) > 0 ? { from: plusDays(map.last_day, -27), to: map.last_day } : null;
}

/** What can be chosen at a click: [name, period]. */
export function presets(map) {
  return [
    ["7", lastDays(map, 7)],
    ["28", lastDays(map, 28)],
    ["91", lastDays(map, 91)],
    ["364", lastDays(map, 364)],
    ["all", { from: map.first_day, to: map.last_day }],
  ];
}

/** The period of a state: what it says as far as it is a date, else the one that the server says is usual. */
export function periodOf(state, map) {
  const { usual } = map;
  const from = isDay(state.from) ? state.from : usual.from;
  const to = isDay(state.to) ? state.to : usual.to;
  return from <= to ? { from, to } : { from: to, to: from };
}
