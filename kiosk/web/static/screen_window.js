/* One window's own screen: follows the events, and takes its picture from the server again when one is about it. */

import { coalesce, follow, hm, now, Problem } from "./live.js";

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);

async function again() {
  let text;
  try {
    const response = await fetch(location.pathname, { cache: "no-store" });
    if (!response.ok) throw new Problem(response.status, {});
    text = await response.text();
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(0, {});
  }
  const fresh = $("main", new DOMParser().parseFromString(text, "text/html"));
  const old = $("main");
  if (fresh.dataset.call && fresh.dataset.call !== old.dataset.call) fresh.classList.add("new");
  if (fresh.textContent !== old.textContent || fresh.dataset.call !== old.dataset.call) old.replaceWith(fresh);
}

const refresh = coalesce(again);
const mine = (data) => { if (data.window === root.dataset.window) refresh(); };
const types = ["ticket.called", "ticket.recalled", "ticket.started", "ticket.held", "ticket.missed", "ticket.transferred",
  "ticket.finished", "ticket.undone", "ticket.cancelled", "window.opened", "window.paused", "window.closed"];
const ofAll = ["ticket.expired", "hall.changed", "hall.restored"];

let cut = false;  // whether the line was ever lost; the page is fresh before that
follow("/events", {
  after: root.dataset.seq,
  on: Object.fromEntries([...types.map((type) => [type, mine]), ...ofAll.map((type) => [type, refresh])]),
  connected(connected, heard) {
    root.classList.toggle("stale", !connected);
    $("#cut").hidden = connected;
    $("#cut").textContent = `连接中断 · 更新于 ${hm(heard)}`;
    if (connected && cut) refresh();
    cut = cut || !connected;
  },
});

const tick = () => { $("#clock").textContent = hm(now()); };
tick();
setInterval(tick, 1000);
