// charts.js - the one place that knows the chart library. Colours come from the style sheet, so that charts follow it.
import {el} from "./dom.js";

const drawn = new Set();
let loading;

function library() {
  loading ??= new Promise((done, failed) => {
    document.head.append(el("script", {src: "chart.min.js", onload: () => done(globalThis.Chart),
      onerror: () => failed(new Error("the chart library did not load"))}));
  });
  return loading;
}

export function colour(index) {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(`--series-${index % 12}`).trim();
}

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis(title, more) {
  return {title: {display: Boolean(title), text: title, color: ink("--quiet")}, ticks: {color: ink("--quiet")},
    grid: {color: ink("--line")}, ...more};
}

/** A chart in a figure. `of`: type, datasets, labels, x and y (titles), label (for who cannot see it), pick(index). */
export function chart(of) {
  const canvas = el("canvas", {role: "img", "aria-label": of.label});
  const figure = el("figure", {class: of.tall ? "chart tall" : "chart"}, el("figcaption", {}, of.label), el("div", {}, canvas));
  const draw = async () => {
    const Chart = await library();
    figure.chart?.destroy();
    if (!canvas.isConnected) return drawn.delete(draw);
    figure.chart = new Chart(canvas, {
      type: of.type,
      data: {labels: of.labels, datasets: of.datasets()},
      options: {
        animation: false, maintainAspectRatio: false, parsing: of.type !== "scatter",
        onClick: (event, hits) => hits.length && of.pick?.(hits[0].datasetIndex, hits[0].index),
        plugins: {
          legend: {display: of.legend ?? true, labels: {color: ink("--ink"), usePointStyle: true,
            boxWidth: 8, boxHeight: 8, generateLabels: (drawn) => Chart.defaults.plugins.legend.labels.generateLabels(drawn)
              .map((label) => ({...label, lineWidth: 0}))}},
          tooltip: of.tip ? {callbacks: {label: (item) => of.tip(item.datasetIndex, item.dataIndex)}} : {},
        },
        scales: {x: axis(of.x, of.xScale), y: axis(of.y, of.yScale)},
      },
    });
  };
  drawn.add(draw);
  requestAnimationFrame(draw);
  return figure;
}

/** After the colours have changed. */
export function redraw() {
  for (const draw of [...drawn]) draw();
}
