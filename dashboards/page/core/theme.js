/** Light or dark: as the system has it, until the reader chooses. */
import { useEffect, useState } from "../vendor/preact.js";

const KEY = "touchline.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const current = () => localStorage.getItem(KEY) ?? (dark.matches ? "dark" : "light");

/** @returns {[string, () => void]} the theme, and what changes it to the other */
export function useTheme() {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    const follow = () => setTheme(current());
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, []);
  const toggle = () => {
    const next = theme === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, next);
    setTheme(next);
  };
  return [theme, toggle];
}

/** The colours of the page for charts, as they are now. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["text", "muted", "line", "surface", "raised", "accent", "good", "bad", "neutral", "simulated", "band", "b-side"];
  return {
    ...Object.fromEntries(names.map((name) => [name, colour(name)])),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((at) => colour(`series-${at}`)),
    font: style.getPropertyValue("--font").trim(),
  };
}
