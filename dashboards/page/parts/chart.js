/**
 * A chart of ECharts, drawn as SVG in the colours of the page. Arrow keys go from point to point, each is spoken, Enter opens what lies behind;
 * the panel around it gives the same as a table. ECharts is loaded when the first chart is.
 */
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { palette } from "../core/theme.js";
import { useStore } from "../core/store.js";

const loading = () => import("../vendor/echarts.js");
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {object} props
 * @param {(colours: any) => any} props.option    the chart, from the colours
 * @param {{seriesIndex: number, dataIndex: number, text: string, open?: () => void}[]} props.points  in the order of the keyboard
 * @param {string} props.label     what it shows, in a sentence
 */
export function Chart({ option, points = [], label, height = 280, onClick, depends = [] }) {
  const { theme, t } = useStore();
  const box = useRef(null);
  const chart = useRef(null);
  const at = useRef(-1);
  const [spoken, speak] = useState("");
  useEffect(() => {
    let gone = false;
    let watch;
    loading().then(({ init }) => {
      if (gone) return;
      chart.current = init(box.current, null, { renderer: "svg" });
      watch = new ResizeObserver(() => chart.current?.resize());
      watch.observe(box.current);
      draw();
    });
    return () => {
      gone = true;
      watch?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  const latest = useRef();
  latest.current = { option, onClick };
  const draw = () => {
    if (!chart.current) return;
    const made = latest.current.option(palette());
    chart.current.setOption({ animation: false, textStyle: { fontFamily: palette().font }, ...made }, { notMerge: true });
    chart.current.off("click");
    chart.current.on("click", (event) => latest.current.onClick?.(event));
    box.current.dataset.drawn = "yes";
  };
  useEffect(draw, [theme, ...depends]);
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") return points[at.current]?.open?.();
    if (!step || !points.length) return undefined;
    event.preventDefault();
    at.current = (at.current + step + points.length) % points.length;
    const { text, ...where } = points[at.current];
    chart.current?.dispatchAction({ type: "showTip", seriesIndex: where.seriesIndex, dataIndex: where.dataIndex });
    return speak(text);
  };
  const leave = () => chart.current?.dispatchAction({ type: "hideTip" });
  return html`<div class="chart-frame" data-motion=${still.matches ? "still" : "yes"}>
    <div class="chart" style=${{ height: `${height}px` }} ref=${box} tabindex="0" role="application" aria-roledescription=${t("chart.role")} aria-label=${`${label} ${points.length ? t("chart.keys") : ""}`} onKeyDown=${keys} onBlur=${leave}></div>
    <p class="hide" aria-live="polite">${spoken}</p>
  </div>`;
}

/** What charts share: axes, grid and tooltip in the page's manner. */
export function plain(colours) {
  const label = { color: colours.muted, fontSize: 11 };
  return {
    axisX: { axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false }, axisLabel: label, splitLine: { show: false } },
    axisY: { axisLine: { show: false }, axisTick: { show: false }, axisLabel: label, splitLine: { lineStyle: { color: colours.line } }, nameTextStyle: label },
    tooltip: {
      backgroundColor: colours.surface, borderColor: colours.line, borderWidth: 1, padding: [8, 12], confine: true, transitionDuration: 0,
      textStyle: { color: colours.text, fontSize: 12, fontFamily: colours.font },
    },
  };
}

/** Lines of text as the content of a tooltip: elements, so that nothing in the data is ever read as HTML. */
export function tipOf(lines) {
  const box = document.createElement("div");
  lines.filter(Boolean).forEach((line, at) => {
    const row = document.createElement("div");
    row.textContent = line;
    if (at === 0) row.className = "tip-title";
    box.append(row);
  });
  return box;
}
