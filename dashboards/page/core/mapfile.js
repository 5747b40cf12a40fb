/** What the map file says, in the shapes that the page needs. */

const list = (value) => (value == null ? [] : Array.isArray(value) ? value : [value]);

/** A remark of the map file (a text, or an object with one) as an object. */
const remark = (one) => (typeof one === "string" ? { text: one } : one);

/** Remarks of a kind of a stage or touchpoint. */
export const remarks = (part, kind) => list(part?.[kind]).map(remark);

/** Stage ids in which the rules of the map place a touchpoint: a touchpoint can stand in several, or in none. */
export function stagesOf(content) {
  const placed = new Map(content.touchpoints.map((one) => [one.id, new Set(list(one.stage))]));
  for (const rule of content.rules ?? []) {
    for (const when of list(rule.when)) {
      for (const touchpoint of list(when.touchpoint)) if (rule.stage) placed.get(touchpoint)?.add(rule.stage);
    }
  }
  return placed;
}

const ONLINE = new Set(["web", "app", "email", "social", "search", "display", "chat", "online", "sms", "push"]);

/** Whether a touchpoint of the map is online: as it says itself, else as its events say, else by its channel. */
export function isOnline(touchpoint, observed) {
  if (touchpoint.online != null) return Boolean(touchpoint.online);
  if (observed != null) return Boolean(observed);
  return ONLINE.has(touchpoint.channel);
}

/** @returns {{stage: any, touchpoints: any[]}[]} the columns of the map; a last one without stage holds what no rule places */
export function columns(content, volumes) {
  const placed = stagesOf(content);
  const online = new Map(volumes.map((row) => [row.touchpoint, row.is_online]));
  for (const row of volumes) if (row.stage) placed.get(row.touchpoint)?.add(row.stage);
  const touchpoints = content.touchpoints.map((one) => ({ ...one, is_online: isOnline(one, online.get(one.id)) }));
  const order = new Map();
  for (const row of volumes) order.set(row.touchpoint, (order.get(row.touchpoint) ?? 0) + Number(row.events));
  touchpoints.sort((one, other) => (order.get(other.id) ?? -1) - (order.get(one.id) ?? -1));
  const made = content.stages.map((stage) => ({ stage, touchpoints: touchpoints.filter((one) => placed.get(one.id).has(stage.id)) }));
  const left = touchpoints.filter((one) => placed.get(one.id).size === 0);
  return left.length ? [...made, { stage: null, touchpoints: left }] : made;
}

/** Names by id, of stages, touchpoints, personas and segments. */
export function names(content) {
  const of = (items) => new Map((items ?? []).map((one) => [one.id, one.name ?? one.id]));
  return { stage: of(content.stages), touchpoint: of(content.touchpoints), persona: of(content.personas), segment: of(content.segments) };
}
