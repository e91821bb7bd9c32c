// The hall's screen, or a zone's: takes the board as the server drew it, then follows the events and asks for the board
// again whenever a ticket moved. A new call takes the band for as long as it is spoken; the rest stand in the rows.

import { call, hm, now, Problem } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";
import { isLit } from "../shared/night.js";
import { coalesce, follow } from "../shared/stream.js";
import { callBand } from "./band.js";
import { captionIn } from "./caption.js";
import { screenCare } from "./care.js";
import { screenNotices } from "./notices.js";
import { waitingColumn } from "./waiting.js";

const MINUTE = 60_000;    // ms between looks at what no event tells: how warm it is, whether it is night, which notices hold

const root = document.documentElement;
const zone = root.dataset.zoneShown ?? "";
const band = callBand((root.dataset.known ?? "").split(" "));
const column = waitingColumn();
const care = screenCare(root);
const caption = captionIn(el("caption"), el("band"));
// The band shows one who is on the way; the rows belong to all others.
const notices = screenNotices(() => band.unanswered <= 1);
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** By the board that was heard of last; at first by the page, which is dark as it comes at night. @type {Pick<Board, "lit" | "lit_at">} */
let hours = { lit: !root.classList.contains("dark"), lit_at: root.dataset.litAt || null };

/** @param {Call} call */
const row = ({ number, window_name: place, state }) => make(
  "li",
  { className: `${state}${number === band.call?.number ? " here" : ""}` },
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
  const { calls, many, page, pages } = band.rows;
  find(".calls").classList.toggle("many", many);
  el("rows").replaceChildren(...calls.map(row));
  el("page").textContent = pages > 1 ? `${page} / ${pages}` : "";
}

function drawWaiting() {
  const { lines, page, pages, total } = column.counts;
  el("waiting").replaceChildren(...lines.map(({ name, count }) => make(
    "li",
    { className: count ? "" : "none" },
    make("span", { className: "name", textContent: name }),
    make("b", { textContent: String(count) }),
  )));
  find(".waiting").classList.toggle("many", lines.length > 8);
  el("waiting-page").textContent = pages > 1 ? `共 ${total} · ${page} / ${pages}` : "";
}

function flash() {
  el("band").classList.remove("new");
  void el("band").offsetWidth;  // so that the animation starts anew
  el("band").classList.add("new");
}

function turn() {
  const at = performance.now();
  const before = band.call?.number;
  const turned = band.turn(at);
  if (turned === "new" && band.call) {
    care.called(at);
    notices.called(at);
    flash();
    caption.show(band.call);
  } else if (band.call?.number !== before) caption.clear();
  if (turned !== "same") draw();
  if (column.turn(at)) drawWaiting();
  care.tick(at);
  notices.turn(at);
  // The band's time is no whole number of seconds.
  clearTimeout(timer);
  timer = setTimeout(turn, 250);
}

/** @param {Board} board */
function arrived(board) {
  band.take(board.calls, board.at);
  // Whoever is at the window need not be told any more.
  if (!board.calls.some(({ number, state }) => number === band.call?.number && state === "called")) caption.clear();
  column.take(board.themes.length ? board.themes : board.waiting);
  hours = board;
  care.lit(isLit(hours, now()));
  el("cut-off").hidden = !board.cut_off;
  turn();
  draw();
  drawWaiting();
}

const query = zone && `?zone=${encodeURIComponent(zone)}`;
const refresh = coalesce(async () => arrived(await call("GET", `/board${query}`)));
const learnNotices = coalesce(async () => notices.take(await call("GET", `/notices${query}`)));

follow("/events", {
  after: root.dataset.seq,
  on: { ticket: refresh, notice: learnNotices, hall: refresh, reset: refresh },
  connected(isConnected, heard) {
    root.classList.toggle("stale", !isConnected);
    el("cut").hidden = isConnected;
    el("cut").textContent = `连接中断 · 更新于 ${hm(heard)}`;
    if (isConnected) {
      refresh();
      learnNotices();
    }
  },
});

/** @param {Zone[]} zones */
function drawClimate(zones) {
  const known = zones.flatMap(({ words }) => (words ? [words] : []));
  el("climate").hidden = known.length === 0;
  el("climate").replaceChildren(...known.map(({ zh, en }) => make("span", { textContent: zh }, make("span", { lang: "en", textContent: en }))));
}

// It changes slowly, and nobody waits for it: a look that fails is left out.
async function lookAround() {
  try {
    drawClimate(await call("GET", "/climate"));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
  refresh();
  learnNotices();           // those whose time has come
}
setInterval(lookAround, MINUTE);

/** The hall opens, and its server is away: what this screen knows is of the evening before, so it says that it connects. */
function lightUp() {
  hours = { lit: true, lit_at: null };
  care.lit(true);
  band.take([], now().toISOString());
  column.take([]);
  notices.take([]);
  turn();
  draw();
  drawWaiting();
}

function tick() {
  el("clock").textContent = el("night").textContent = hm(now());
  if (!hours.lit && isLit(hours, now())) lightUp();
}
tick();
turn();
setInterval(tick, 1000);
