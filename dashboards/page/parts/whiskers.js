/** Intervals as whiskers: a series of ECharts from [x, low, high], or from [y, low, high] lying. */

const CAP = 4;

export function whiskers(data, colour, { lying = false, width = 1.6 } = {}) {
  return {
    type: "custom", data, silent: true, z: 2, encode: lying ? { y: 0, x: [1, 2] } : { x: 0, y: [1, 2] },
    renderItem: (_, api) => {
      const [low, high] = [1, 2].map((at) => api.coord(lying ? [api.value(at), api.value(0)] : [api.value(0), api.value(at)]));
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: width, opacity: 0.75 } });
      const cap = ([x, y]) => (lying ? line(x, y - CAP, x, y + CAP) : line(x - CAP, y, x + CAP, y));
      return { type: "group", children: [line(...low, ...high), cap(low), cap(high)] };
    },
  };
}
