// Bars, drawn as SVG: lengths to compare at a glance, with the figure and the name written at each.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 34;
const NAME = 150;
const FIGURE = 76;
const WIDTH = 560;

function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** A name cut to what fits: a Chinese character is as wide as two others. */
function fit(name, most = 18) {
  let width = 0;
  for (const [at, character] of [...name].entries()) {
    width += character.codePointAt(0) < 0x80 ? 1 : 2;
    if (width > most) return `${[...name].slice(0, at).join("")}…`;
  }
  return name;
}

/** Put a plot into `place`: rows = [{name, value, upTo?, figure}]; `upTo` draws a thin line on from the bar.
    `none` is said when there is nothing to draw. */
export function bars(place, rows, none) {
  const shown = rows.filter((row) => row.value !== null && row.value !== undefined);
  if (!shown.length) {
    const said = document.createElement("p");
    said.className = "quiet";
    said.textContent = none;
    place.replaceChildren(said);
    return;
  }
  const most = Math.max(1, ...shown.map((row) => row.upTo ?? row.value));
  const scale = (value) => (value / most) * (WIDTH - NAME - FIGURE);
  const plot = draw("svg", { viewBox: `0 0 ${WIDTH} ${shown.length * ROW}`, class: "plot", role: "img" });
  plot.append(draw("title", {}, shown.map((row) => `${row.name} ${row.figure}`).join("; ")));
  shown.forEach((row, at) => {
    const y = at * ROW;
    const end = Math.max(scale(row.value), row.upTo === undefined ? 0 : scale(row.upTo));
    plot.append(draw("text", { x: NAME - 10, y: y + 22, class: "plot-name" }, fit(row.name)));
    plot.append(draw("rect", { x: NAME, y: y + 7, width: Math.max(1, scale(row.value)), height: 20, class: "plot-bar" }));
    if (row.upTo !== undefined) plot.append(draw("path", { d: `M${NAME + scale(row.value)} ${y + 17}H${NAME + scale(row.upTo)}m0-6v12`, class: "plot-line" }));
    plot.append(draw("text", { x: NAME + end + 8, y: y + 22, class: "plot-figure" }, row.figure));
  });
  place.replaceChildren(plot);
}
