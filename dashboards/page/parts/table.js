/** Rows as a table: what every chart is without its picture. A column: {key, title, cell?, number?, sort?}. */
import { html } from "../vendor/preact.js";

export function Table({ columns, rows, caption, onRow }) {
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${caption}>
    <table class="table">
      <caption class="hide">${caption}</caption>
      <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.number ? "is-number" : ""}>${column.title}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr class=${onRow?.(row)}>${columns.map((column, at) => cell(column, row, at))}</tr>`)}</tbody>
    </table>
  </div>`;
}

function cell(column, row, at) {
  const content = column.cell ? column.cell(row) : row[column.key];
  const kind = column.number ? "is-number tabular" : "";
  return at === 0 ? html`<th scope="row" class=${kind}>${content}</th>` : html`<td class=${kind}>${content}</td>`;
}
