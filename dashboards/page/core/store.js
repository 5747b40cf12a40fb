/** The state that all components share: the address, the maps, the language. */
import { createContext, useContext } from "../vendor/preact.js";

/**
 * @typedef {object} Store
 * @property {import("./address.js").State} state
 * @property {any} map           entry of /api/maps that is shown
 * @property {any[]} maps
 * @property {Record<string, [string, number][]>} values  values of the filters with their events
 * @property {Map<string, any>} catalogue  rows of `dim_kpi` by kpi/variant
 * @property {any[]} sides       one side, or two that are compared
 * @property {(changes: object, options?: {replace?: boolean}) => void} change
 * @property {(key: string, values?: object) => string} t
 * @property {any} fmt
 * @property {number} asked      grows when everything is to be asked anew
 */
export const Shared = createContext(/** @type {Store} */ (/** @type {unknown} */ (null)));

/** @returns {Store} */
export const useStore = () => useContext(Shared);
