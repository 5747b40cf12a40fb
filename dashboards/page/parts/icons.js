/** Small pictures, drawn with the colour of the text; decoration only, the words stand beside them. */
import { html } from "../vendor/preact.js";

const PATHS = {
  map: "M3 5.5 8 3l4 2.5L17 3v11.5L12 17l-4-2.5L3 17zM8 3v11.5M12 5.5V17",
  act: "M10 3v3M10 14v3M3 10h3M14 10h3M10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
  trend: "M3 14l4.5-5 3.5 3L17 5M13 5h4v4",
  funnel: "M3 4h14l-5.2 6.5V16l-3.6-1.8v-3.7z",
  flow: "M3 5h3c4 0 4 5 8 5h3M3 15h3c4 0 4-5 8-5M14.5 7.5 17 10l-2.5 2.5",
  waits: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4.2l2.8 1.8",
  journeys: "M5 5h.01M5 10h.01M5 15h.01M9 5h7M9 10h7M9 15h7",
  comments: "M4 4h12v9H9l-3.500 3v-3H4zM7 7.500h6M7 10h4",
  table: "M3 4.5h14v11H3zM3 8.5h14M8 8.5v7",
  sql: "M7 6 3 10l4 4M13 6l4 4-4 4",
  csv: "M10 3v9M6.5 9 10 12.5 13.5 9M4 16h12",
  image: "M3 4.5h14v11H3zM3 13l4-3.5 3 2.5 3-3.5 4 4",
  sun: "M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M15.3 4.7l-1 1M5.7 14.3l-1 1",
  moon: "M16 11.6A6.5 6.5 0 0 1 8.4 4a6.5 6.5 0 1 0 7.6 7.6z",
  close: "M5 5l10 10M15 5 5 15",
  down: "M5 7.5 10 12.5 15 7.5",
  up: "M5 12.5 10 7.5l5 5",
  left: "M12.5 5 7.5 10l5 5",
  right: "M7.5 5l5 5-5 5",
  calendar: "M3.5 5h13v11.5h-13zM3.5 8.5h13M7 3v3M13 3v3",
  compare: "M4 4h5v12H4zM11 4h5v12h-5z",
  copy: "M7 7h9v9H7zM4 12.5V4h8.5",
  check: "M4 10.5 8 14.5 16 5.5",
  alert: "M10 3 18 16.5H2zM10 8v4M10 14.3v.2",
  person: "M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.6-3.2 3-5 6-5s5.400 1.800 6 5",
  data: "M10 8c3.300 0 6-1.100 6-2.500S13.300 3 10 3 4 4.100 4 5.500 6.700 8 10 8zM4 5.500v9C4 15.900 6.700 17 10 17s6-1.100 6-2.500v-9M4 10c0 1.400 2.700 2.500 6 2.500s6-1.100 6-2.500",
  online: "M3 5h14v8.500H3zM7 16.500h6",
  offline: "M4 8.500 5 4h10l1 4.500M4 8.500h12v8H4zM8.500 16.500v-4h3v4",
  export: "M10 12.500V3M6.500 6.500 10 3l3.500 3.500M4 11v5.500h12V11",
  target: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  bubble: "M4 4h12v9H9l-3.500 3v-3H4z",
  swap: "M4 7h11M12 4l3 3-3 3M16 13H5M8 10l-3 3 3 3",
};

export function Icon({ name, size = 16 }) {
  return html`<svg width=${size} height=${size} viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name] ?? ""} /></svg>`;
}
