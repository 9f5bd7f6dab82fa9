/* Draws the charts of the status page from the data that stands in it. Plain JavaScript: it is served as it is. */

const HEIGHT = 180;
const COLOURS = ['#2563eb', '#16a34a', '#dc2626', '#d97706', '#7c3aed'];

/** @typedef {{ id: string, at: number[], series: { label: string, values: (number | null)[] }[] }} Chart */

/** @param {Chart} chart */
function draw(chart) {
  const place = document.getElementById(chart.id);
  if (place === null) return;
  const colour = getComputedStyle(document.body).color;
  const axis = { stroke: colour, grid: { stroke: '#8883', width: 1 }, ticks: { stroke: '#8883' } };
  const options = {
    width: place.clientWidth,
    height: HEIGHT,
    series: [
      {},
      ...chart.series.map(({ label }, at) => ({
        label,
        stroke: COLOURS[at % COLOURS.length],
        width: 1.5,
        // A lone step has no line to its neighbours, and must be seen all the same.
        points: { show: chart.at.length < 50, size: 5 },
      })),
    ],
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(most ?? 0, 1)] } },
    axes: [axis, { ...axis, size: 60 }],
  };
  const data = [chart.at, ...chart.series.map(({ values }) => values)];
  const plot = new window.uPlot(options, data, place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(
    place,
  );
}

const data = document.getElementById('charts');
if (data !== null) for (const chart of JSON.parse(data.textContent ?? '[]')) draw(chart);
