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

/** Saves what `node` shows; rejects when the browser cannot draw it. */
export async function savePng(node, name) {
  const [{ toPng }, fontEmbedCSS] = await Promise.all([import("../vendor/html-to-image.js"), typefaceCss()]);
  const own = getComputedStyle(node).backgroundColor;
  const backgroundColor = /, 0\)$|transparent/.test(own) ? getComputedStyle(document.body).backgroundColor : own;
  const size = { width: node.scrollWidth, height: node.scrollHeight };
  const url = await toPng(node, { ...size, pixelRatio: 2, backgroundColor, fontEmbedCSS, filter: WITHOUT });
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.png`;
  link.click();
}
