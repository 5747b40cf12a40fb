/** What selects the journeys that a row of the priorities counts: of real answers those that really came by, of simulated ones all. */
export const behind = (row) => ({ touchpoint: [row.touchpoint], ...(Number(row.is_simulated) === 0 && { is_simulated: ["0"] }) });
