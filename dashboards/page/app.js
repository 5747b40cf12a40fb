/** The page: reads the address, the maps and the messages, and shows the view that the address names. Why: docs/decisions/0155. */
import { html, render, useCallback, useEffect, useMemo, useState } from "./vendor/preact.js";
import { changed, parse, write } from "./core/address.js";
import { address, ask, forget } from "./core/api.js";
import { formats } from "./core/format.js";
import { languageOf, messagesOf, translator } from "./core/i18n.js";
import { names as namesOf } from "./core/mapfile.js";
import { toIso } from "./core/period.js";
import { objects } from "./core/query.js";
import { sidesOf } from "./core/sides.js";
import { Shared } from "./core/store.js";
import { useTheme } from "./core/theme.js";
import { Failure } from "./parts/states.js";
import { Page } from "./shell/page.js";

/** The address as state; links within the page and back and forward change it without loading anything. */
function useAddress() {
  const [state, setState] = useState(() => parse(location.search));
  const go = useCallback((search, replace) => {
    history[replace ? "replaceState" : "pushState"](null, "", search);
    setState(parse(search));
  }, []);
  useEffect(() => {
    const moved = () => setState(parse(location.search));
    const clicked = (event) => {
      const link = event.target.closest?.("a[data-within]");
      if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      const opens = new URL(link.href);
      go(opens.search || "?", false);
    };
    window.addEventListener("popstate", moved);
    document.addEventListener("click", clicked);
    return () => {
      window.removeEventListener("popstate", moved);
      document.removeEventListener("click", clicked);
    };
  }, [go]);
  return [state, go];
}

function useLanguage(state) {
  const language = languageOf(state);
  const [held, hold] = useState(null);
  useEffect(() => {
    messagesOf(language).then((messages) => {
      document.documentElement.lang = language;
      const t = translator(language, messages);
      hold({ language, t, fmt: formats(language, t) });
    });
  }, [language]);
  return held;
}

/** The maps with their content, asked once, and again when the reader tries again. */
function useMaps(asked) {
  const [held, hold] = useState({});
  useEffect(() => {
    ask("/api/maps", { cost: 0 }).then((maps) => hold({ maps: maps.map(dated) }), (error) => hold({ error }));
  }, [asked]);
  return held;
}

/** A map that places nothing yet has today. */
const dated = (map) => {
  const today = toIso(new Date());
  return { ...map, first_day: map.first_day ?? today, last_day: map.last_day ?? today };
};

function chosen(maps, state) {
  const of = maps.filter((one) => one.map === state.map);
  return of.find((one) => String(one.map_version) === state.version) ?? of[0] ?? maps.find((one) => one.is_default) ?? maps[0];
}

function useValues(map, asked) {
  const [values, hold] = useState({});
  const url = map && address("/api/values", { map: map.map, version: map.map_version });
  useEffect(() => {
    if (!url) return;
    ask(url, { cost: 2 }).then(hold, () => hold({}));
  }, [url, asked]);
  return values;
}

/** What the KPI catalogue says of each variant, by `kpi/variant`: unit, formula, source. */
function useCatalogue(asked) {
  const [catalogue, hold] = useState(new Map());
  useEffect(() => {
    const read = (answer) => hold(new Map(objects(answer).map((row) => [`${row.id}/${row.variant}`, row])));
    ask("/api/q/dim-kpi", { cost: 0 }).then(read, () => hold(new Map()));
  }, [asked]);
  return catalogue;
}

/** Whether comments are served here, to those who have a key. */
function useServed() {
  const [served, hold] = useState(false);
  useEffect(() => { ask("/api/comments", { cost: 2 }).then((answer) => hold(answer.is_served), () => hold(false)); }, []);
  return served;
}

function App() {
  const [state, go] = useAddress();
  const language = useLanguage(state);
  const [theme, toggleTheme] = useTheme();
  const [asked, setAsked] = useState(0);
  const { maps, error } = useMaps(asked);
  const map = maps?.length ? chosen(maps, state) : null;
  const values = useValues(map, asked);
  const catalogue = useCatalogue(asked);
  const served = useServed();
  const again = useCallback(() => { forget(); setAsked((count) => count + 1); }, []);
  const store = useMemo(() => language && {
    ...language, state, go, map, maps, values, catalogue, served, theme, toggleTheme, asked, again,
    change: (changes, { replace = false } = {}) => go(write(changed(state, changes)), replace),
    sides: map ? sidesOf(state, map) : [],
    names: map ? namesOf(map.content) : null,
  }, [language, state, map, maps, values, catalogue, served, theme, asked]);
  if (!store) return null;
  return html`<${Shared.Provider} value=${store}>
    ${error ? html`<main class="alone"><${Failure} error=${error} /></main>` : html`<${Page} />`}
  <//>`;
}

render(html`<${App} />`, document.getElementById("app"));
