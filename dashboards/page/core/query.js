/** A question to a view of the ledger as a hook, and what the reader selects as its arguments. */
import { useEffect, useMemo, useState } from "../vendor/preact.js";
import { address, ask } from "./api.js";
import { useStore } from "./store.js";

/** @typedef {{status: "loading"|"ready"|"failed"|"idle", rows: any[], sql?: string, url: string, error?: any, stale: boolean}} Query */

/** Rows of `{columns, rows}` as objects by column. */
export function objects(answer) {
  return (answer.rows ?? []).map((row) => Object.fromEntries(answer.columns.map((column, at) => [column, row[at]])));
}

/**
 * The rows of a view under the reader's selection (one side of it), asked again when that changes; what is outdated is taken back.
 * @returns {Query} while it loads anew, the rows before stay, marked `stale`, so that nothing jumps
 */
export function useQuery(name, side, args = {}, { cost = 1, skip = false } = {}) {
  const url = address(`/api/q/${name}`, { ...side.params, ...args });
  return useUrl(skip ? null : url, cost, objects);
}

/** The same for any address of the API; `read` makes rows of the answer. */
export function useUrl(url, cost = 1, read = (answer) => answer) {
  const { asked } = useStore();
  const [held, hold] = useState({ status: "loading", rows: [], url: "" });
  useEffect(() => {
    if (!url) return undefined;
    const control = new AbortController();
    ask(url, { cost, signal: control.signal }).then(
      (answer) => hold({ status: "ready", rows: read(answer), answer, sql: answer.sql, seconds: answer.seconds, url }),
      (error) => error.name === "AbortError" || hold({ status: "failed", rows: [], error, url }),
    );
    return () => control.abort();
  }, [url, asked]);
  return useMemo(() => {
    if (!url) return { status: "idle", rows: [], url: "", stale: false };
    const current = held.url === url;
    if (current) return { ...held, stale: false };
    return { ...held, status: held.status === "ready" ? "ready" : "loading", url, stale: held.status === "ready" };
  }, [held, url]);
}

/** Several queries as one: loading until all are there, failed when one is. */
export function joined(...queries) {
  const asked = queries.filter((query) => query.status !== "idle");
  const status = ["failed", "loading"].find((one) => asked.some((query) => query.status === one)) ?? "ready";
  return { status, stale: asked.some((query) => query.stale), error: asked.find((query) => query.error)?.error };
}
