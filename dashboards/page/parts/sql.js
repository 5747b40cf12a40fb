/** The very queries behind a panel, to be copied into any BI tool. */
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useStore } from "../core/store.js";
import { Icon } from "./icons.js";

export function SqlDialog({ queries, onClose }) {
  const { t } = useStore();
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="sql-title">
    <header><h2 id="sql-title">${t("sql.title")}</h2>
      <button class="button bare" onClick=${() => dialog.current.close()} aria-label=${t("close")}><${Icon} name="close" /></button></header>
    <p class="muted">${t("sql.note")}</p>
    ${queries.map(([title, query]) => html`<${Statement} title=${title} sql=${query.sql} />`)}
  </dialog>`;
}

function Statement({ title, sql }) {
  const { t } = useStore();
  const [copied, setCopied] = useState(false);
  const text = sql ?? t("sql.none");
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false));
  return html`<section class="statement">
    <header><h3>${title}</h3><button class="button tiny" onClick=${copy}><${Icon} name=${copied ? "check" : "copy"} size=${14} />${t(copied ? "sql.copied" : "sql.copy")}</button></header>
    <pre tabindex="0"><code>${text}</code></pre>
  </section>`;
}
