/** A part of the page as a PNG file, made in the browser. */

const WITHOUT = (node) => !(node.dataset && node.dataset.export === "no");

/** Saves what `node` shows; rejects when the browser cannot draw it. */
export async function savePng(node, name) {
  const { toPng } = await import("../vendor/html-to-image.js");
  const background = getComputedStyle(document.documentElement).getPropertyValue("--page").trim();
  const url = await toPng(node, { pixelRatio: 2, backgroundColor: background, filter: WITHOUT, width: node.scrollWidth, height: node.scrollHeight });
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.png`;
  link.click();
}
