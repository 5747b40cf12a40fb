/** What selects the journeys that a row of the priorities counts: of real answers those that really came by, of simulated ones all. */
export const behind = (row) => ({ touchpoint: [row.touchpoint], ...(Number(row.is_simulated) === 0 && { is_simulated: ["0"] }) });

/** Whether a row of the priorities is drawn as an alarm: its KPI misses the target, and bad experiences may well cost conversions there. */
export const isAlarm = (row) => Number(row.is_flagged) === 1 && row.rank != null;
