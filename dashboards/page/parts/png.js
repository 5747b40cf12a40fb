/** A part of the page as a PNG file, made in the browser. */

const WITHOUT = (node) => !(node.dataset && node.dataset.export === "no");
const FONTS = ["latin", "latin-ext"];
let typeface;

/** The typeface within the picture itself: a picture may load nothing. */
function typefaceCss() {
  typeface ??= Promise.all(FONTS.map(async (subset) => {
    const response = await fetch(new URL(`../vendor/inter-${subset}-wght-normal.woff2`, import.meta.url));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return `@font-face{font-family:"Inter Variable";src:url(data:font/woff2;base64,${text}) format("woff2");font-weight:100 900}`;
  })).then((faces) => faces.reverse().join("\n"));
  return typeface;
}

/** A copy of `node` beside the page, as wide as all that scrolls in it. */
function copyOf(node) {
  const scrolling = [node, ...node.querySelectorAll(".map-scroll, .table-wrap, .wide-chart")];
  const hidden = Math.max(...scrolling.map((one) => one.scrollWidth - one.clientWidth));
  const holder = document.createElement("div");
  holder.className = "for-picture";
  holder.setAttribute("aria-hidden", "true");
  holder.style.width = `${node.offsetWidth + hidden}px`;
  const copy = node.cloneNode(true);
  const chosen = node.querySelectorAll("select");
  copy.querySelectorAll("select").forEach((select, at) => { select.selectedIndex = chosen[at].selectedIndex; });
  holder.append(copy);
  document.body.append(holder);
  return { copy, holder };
}

/** Saves what `node` shows, what has to be scrolled to included; rejects when the browser cannot draw it. */
export async function savePng(node, name) {
  const [{ toPng }, fontEmbedCSS] = await Promise.all([import("../vendor/html-to-image.js"), typefaceCss()]);
  const own = getComputedStyle(node).backgroundColor;
  const backgroundColor = /, 0\)$|transparent/.test(own) ? getComputedStyle(document.body).backgroundColor : own;
  const { copy, holder } = copyOf(node);
  try {
    const url = await toPng(copy, { pixelRatio: 2, backgroundColor, fontEmbedCSS, filter: WITHOUT });
    const link = document.createElement("a");
    link.href = url;
    link.download = `${name}.png`;
    link.click();
  } finally {
    holder.remove();
  }
}
