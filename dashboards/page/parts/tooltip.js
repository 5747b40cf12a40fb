/**
 * One layer that shows the `data-tip` of what the pointer is over or the keyboard is on, described to screen readers; Escape hides it. It
 * never holds anything that is not also within reach otherwise.
 */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";

const ID = "tip";
const MARGIN = 8;

export function TooltipLayer() {
  const [shown, show] = useState(null);
  const layer = useRef(null);
  useEffect(() => {
    const on = (event) => {
      const owner = event.target.closest?.("[data-tip]");
      show((held) => (owner ? { owner, text: owner.dataset.tip } : event.type === "focusin" || held ? null : held));
    };
    const off = (event) => event.type === "keydown" ? event.key === "Escape" && show(null) : show(null);
    const listeners = [["pointerover", on], ["focusin", on], ["focusout", off], ["keydown", off], ["pointerdown", off]];
    for (const [type, listener] of listeners) document.addEventListener(type, listener);
    return () => {
      for (const [type, listener] of listeners) document.removeEventListener(type, listener);
    };
  }, []);
  useLayoutEffect(() => {
    if (!shown || !layer.current) return undefined;
    const { owner } = shown;
    const stay = () => layer.current && place(layer.current, owner.getBoundingClientRect());
    stay();
    owner.setAttribute("aria-describedby", ID);
    // The keyboard scrolls what it reaches into view: the tip goes along.
    window.addEventListener("scroll", stay, true);
    return () => {
      owner.removeAttribute("aria-describedby");
      window.removeEventListener("scroll", stay, true);
    };
  }, [shown]);
  return shown && html`<div class="tip" role="tooltip" id=${ID} ref=${layer}>${shown.text}</div>`;
}

function place(layer, anchor) {
  const { width, height } = layer.getBoundingClientRect();
  const left = Math.min(Math.max(anchor.left + anchor.width / 2 - width / 2, MARGIN), innerWidth - width - MARGIN);
  const above = anchor.top - height - MARGIN;
  layer.style.left = `${left}px`;
  layer.style.top = `${above > MARGIN ? above : anchor.bottom + MARGIN}px`;
}
