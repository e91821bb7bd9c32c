/* The hall's screen: takes the board as the server drew it, then follows the events and asks for the board again
   whenever a ticket moved. A new call takes the band for as long as it is spoken; the rest stand in the rows. */

import { call, coalesce, follow, hm, now } from "./live.js";

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const SPOKEN = 6000;   // ms that a call keeps the band when others wait for it
const ROWS = 5;
const BACKLOG = 3;     // calls that may wait for the band; after a long cut only the last are news

let calls = null;      // of GET /board, newest first; null before the first
let band = null;       // the call in the band
let queue = [];        // calls not yet shown in the band, oldest first
let until = 0;         // when the band may change

/* One call of one number; the server marks those that stand in the page as it comes. */
const mark = (one) => `${one.number}/${Math.floor(Date.parse(one.called_at) / 1000)}/${one.recalls}`;
let known = new Set(root.dataset.known.split(" "));

function row(one) {
  const line = document.createElement("li");
  for (const [name, words] of [["number", one.number], ["arrow", ""], ["window", one.window_name]]) {
    line.append(Object.assign(document.createElement("span"), { className: name + (words.length > 5 && name === "number" ? " long" : ""), textContent: words }));
  }
  return line;
}

function draw() {
  $(".band .empty").hidden = Boolean(band);
  $(".band .call").hidden = !band;
  if (band) {
    $(".band .number").textContent = band.number;
    $(".band .number").classList.toggle("long", band.number.length > 5);
    $(".band .window").textContent = band.window_name;
  }
  $("#rows").replaceChildren(...calls.filter((one) => !band || one.number !== band.number).slice(0, ROWS).map(row));
}

function flash() {
  const element = $("#band");
  element.classList.remove("new");
  void element.offsetWidth;  // so that the animation starts anew
  element.classList.add("new");
}

/* Gives the band to the next call that waits for it; then to the newest. */
function turn() {
  if (!calls || Date.now() < until) return;
  if (queue.length) {
    band = queue.shift();
    until = Date.now() + SPOKEN;
    flash();
    draw();
  } else if (band !== calls[0]) {
    band = calls[0] || null;
    draw();
  }
}

function arrived(board) {
  calls = board.calls;
  const marks = new Set(calls.map(mark));
  const fresh = calls.filter((one) => !known.has(mark(one))).reverse();
  queue = [...queue.filter((one) => marks.has(mark(one))), ...fresh].slice(-BACKLOG);
  known = marks;
  if (band && !calls.some((one) => one.number === band.number)) until = 0;
  turn();
  draw();

  const list = $("#waiting");
  list.replaceChildren(...board.waiting.map((service) => {
    const line = document.createElement("li");
    line.classList.toggle("none", !service.count);
    line.append(
      Object.assign(document.createElement("span"), { className: "name", textContent: service.name }),
      Object.assign(document.createElement("b"), { textContent: service.count }),
    );
    return line;
  }));
  $(".waiting").classList.toggle("many", board.waiting.length > 8);
  $(".waiting").classList.toggle("crowd", board.waiting.length > 14);
}

const refresh = coalesce(async () => arrived(await call("GET", "/board")));
const types = [
  ...["issued", "called", "recalled", "started", "held", "returned", "missed", "transferred", "finished", "undone", "cancelled", "expired"].map((type) => `ticket.${type}`),
  "hall.changed", "hall.restored",
];

follow("/events", {
  after: root.dataset.seq,
  on: Object.fromEntries(types.map((type) => [type, refresh])),
  connected(connected, heard) {
    root.classList.toggle("stale", !connected);
    $("#cut").hidden = connected;
    $("#cut").textContent = `连接中断 · 更新于 ${hm(heard)}`;
    if (connected) refresh();
  },
});

function tick() {
  $("#clock").textContent = hm(now());
  turn();
}
tick();
setInterval(tick, 1000);
