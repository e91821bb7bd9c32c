// The screen above one window: follows the events, and takes its picture from the server again when one is about it.

import { hm, now, Problem } from "../shared/api.js";
import { el, find } from "../shared/dom.js";
import { night } from "../shared/night.js";
import { coalesce, follow } from "../shared/stream.js";
import { isFresh } from "./band.js";
import { captionIn } from "./caption.js";

const root = document.documentElement;
const caption = captionIn(el("caption"), document.body);

async function again() {
  let text;
  try {
    const response = await fetch(location.pathname, { cache: "no-store" });
    if (!response.ok) throw new Problem(response.status, {});
    text = await response.text();
  } catch (error) {
    throw error instanceof Problem ? error : Problem.offline();
  }
  const fresh = find("main", new DOMParser().parseFromString(text, "text/html"));
  const old = find("main");
  const { call = "", calledAt = "", at = "" } = fresh.dataset;
  const number = call.split("/")[0];
  if (!call) caption.clear();
  // A recall of what stands there is news, however long ago the call was.
  else if (call !== old.dataset.call && (number === old.dataset.call?.split("/")[0] || isFresh(calledAt, at))) {
    fresh.classList.add("new");
    caption.show({ number, window: root.dataset.window ?? "", window_name: root.dataset.name ?? "" });
  }
  if (fresh.textContent !== old.textContent || call !== old.dataset.call) old.replaceWith(fresh);
}

const refresh = coalesce(again);
const mine = (/** @type {{window?: string}} */ { window: place }) => {
  if (place === root.dataset.window) refresh();
};

let cut = false;  // whether the line was ever lost; the page is fresh before that
follow("/events", {
  after: root.dataset.seq,
  on: { ticket: mine, window: mine, hall: refresh, reset: refresh },
  connected(isConnected, heard) {
    root.classList.toggle("stale", !isConnected);
    el("cut").hidden = isConnected;
    el("cut").textContent = `连接中断 · 更新于 ${hm(heard)}`;
    if (isConnected && cut) refresh();
    cut = cut || !isConnected;
  },
});

night();
const tick = () => { el("clock").textContent = hm(now()); };
tick();
setInterval(tick, 1000);
