/** A button that opens a small panel beneath it; Escape and a click elsewhere close it. */
import { html, useEffect, useId, useRef, useState } from "../vendor/preact.js";
import { Icon } from "./icons.js";

export function Menu({ label, value, icon, on, align = "start", children, name }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const box = useRef(null);
  const button = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event) => box.current?.contains(event.target) || setOpen(false);
    const key = (event) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", key);
    };
  }, [open]);
  return html`<div class="menu" ref=${box} data-menu=${name}>
    <button class=${`button ${on ? "is-on" : ""}`} ref=${button} aria-label=${align === "end" ? label : undefined} aria-expanded=${open} aria-controls=${open ? id : undefined} onClick=${() => setOpen(!open)}>
      ${icon && html`<${Icon} name=${icon} size=${15} />`}<span class="menu-label">${label}</span>${value && html`<span class="menu-value">${value}</span>`}<${Icon} name="down" size=${13} />
    </button>
    ${open && html`<div class=${`menu-panel ${align}`} id=${id}>${typeof children === "function" ? children(() => { setOpen(false); button.current?.focus(); }) : children}</div>`}
  </div>`;
}
