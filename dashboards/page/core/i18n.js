/** Three languages: messages from files, numbers and dates by Intl. */

export const LANGUAGES = { en: "English", fr: "Français", it: "Italiano" };
const LOCALES = { en: "en-GB", fr: "fr-FR", it: "it-IT" };
const loaded = new Map();

/** The language of the address, else of the browser, else English. */
export function languageOf(state) {
  const wanted = [state.lang, ...(navigator.languages ?? [])].map((tag) => (tag ?? "").slice(0, 2));
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

export async function messagesOf(language) {
  if (!loaded.has(language)) {
    const url = new URL(`../messages/${language}.json`, import.meta.url);
    loaded.set(language, fetch(url).then((response) => response.json()));
  }
  return loaded.get(language);
}

/**
 * @returns {(key: string, values?: Record<string, any>) => string} the message with its {places} filled; with `count`, the form that
 * the language wants of `key_one`, `key_other`; a key without a message stands for itself
 */
export function translator(language, messages) {
  const plural = new Intl.PluralRules(LOCALES[language]);
  const numbers = new Intl.NumberFormat(LOCALES[language]);
  return (key, values = {}) => {
    const form = typeof values.count === "number" ? `${key}_${plural.select(values.count) === "one" ? "one" : "other"}` : key;
    const text = messages[form] ?? messages[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (place, name) => {
      const value = values[name];
      return value == null ? place : typeof value === "number" ? numbers.format(value) : value;
    });
  };
}

/** The message, or the fallback where the key has none (names of KPIs, channels and such that a map may invent). */
export const named = (t, key, fallback) => {
  const text = t(key);
  return text === key ? fallback : text;
};

export const localeOf = (language) => LOCALES[language];
