// The hall's screen: takes the board as the server drew it, then follows the events and asks for the board again
// whenever a ticket moved. A new call takes the band for as long as it is spoken; the rest stand in the rows.

import { call, hm, now, Problem } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";
import { coalesce, follow } from "../shared/stream.js";
import { callBand } from "./band.js";
import { captionIn } from "./caption.js";

const ROWS = 5;
const CLIMATE = 60_000;   // ms between looks at how warm it is

const root = document.documentElement;
const band = callBand((root.dataset.known ?? "").split(" "));
const caption = captionIn(el("caption"), el("band"));

/** @param {Call} call */
const row = ({ number, window_name: place }) => make(
  "li",
  {},
  make("span", { className: number.length > 5 ? "number long" : "number", textContent: number }),
  make("span", { className: "arrow" }),
  make("span", { className: "window", textContent: place }),
);

function draw() {
  const shown = band.call;
  find(".band .empty").hidden = Boolean(shown);
  find(".band .call").hidden = !shown;
  if (shown) {
    find(".band .number").textContent = shown.number;
    find(".band .number").classList.toggle("long", shown.number.length > 5);
    find(".band .window").textContent = shown.window_name;
  }
  el("rows").replaceChildren(...band.others.slice(0, ROWS).map(row));
}

function flash() {
  el("band").classList.remove("new");
  void el("band").offsetWidth;  // so that the animation starts anew
  el("band").classList.add("new");
}

function turn() {
  const turned = band.turn(Date.now());
  if (turned === "new" && band.call) {
    flash();
    caption.show(band.call);
  } else if (turned === "other") caption.clear();
  if (turned !== "same") draw();
}

/** @param {Board} board */
function arrived(board) {
  band.take(board.calls);
  turn();
  draw();
  el("waiting").replaceChildren(...board.waiting.map(({ name, count }) => make(
    "li",
    { className: count ? "" : "none" },
    make("span", { className: "name", textContent: name }),
    make("b", { textContent: String(count) }),
  )));
  find(".waiting").classList.toggle("many", board.waiting.length > 8);
  find(".waiting").classList.toggle("crowd", board.waiting.length > 14);
}

const refresh = coalesce(async () => arrived(await call("GET", "/board")));

follow("/events", {
  after: root.dataset.seq,
  on: { ticket: refresh, hall: refresh, reset: refresh },
  connected(isConnected, heard) {
    root.classList.toggle("stale", !isConnected);
    el("cut").hidden = isConnected;
    el("cut").textContent = `连接中断 · 更新于 ${hm(heard)}`;
    if (isConnected) refresh();
  },
});

/** @param {Zone[]} zones */
function drawClimate(zones) {
  const known = zones.flatMap(({ words }) => (words ? [words] : []));
  el("climate").hidden = known.length === 0;
  el("climate").replaceChildren(...known.map(({ zh, en }) => make("span", { textContent: zh }, make("span", { lang: "en", textContent: en }))));
}

// It changes slowly, and nobody waits for it: a look that fails is left out.
async function lookAtClimate() {
  try {
    drawClimate(await call("GET", "/climate"));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
}
setInterval(lookAtClimate, CLIMATE);

function tick() {
  el("clock").textContent = hm(now());
  turn();
}
tick();
setInterval(tick, 1000);
