// Keeps a ticket's page fresh. It asks for the page itself and takes what is in it: a phone gets "304, nothing new"
// most of the time, and needs no stream, of which a hall has not enough for everybody's phone.

import { el, find } from "../shared/dom.js";

const root = document.documentElement;
const updated = el("updated");
const line = /** @type {HTMLElement} */ (updated.parentElement);
const OVER = ["done", "cancelled", "expired"];
/** @type {string | null} */
let tag = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asking = false;

const hm = () => new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: root.dataset.zone || undefined });

/** @param {string} text the page as the server has it now */
function take(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = find("main", page);
  const old = find("main");
  const called = fresh.dataset.state === "called" && (old.dataset.state !== "called" || old.dataset.recalls !== fresh.dataset.recalls);
  const near = Boolean(fresh.dataset.near) && !old.dataset.near;
  old.replaceWith(fresh);
  const acts = find("#acts", page);
  const before = el("acts");
  if (acts.dataset.of !== before.dataset.of) before.replaceWith(acts);
  root.className = page.documentElement.className;
  root.dataset.state = fresh.dataset.state ?? "";
  document.title = page.title;
  // Near is one short shake, called are three long ones.
  if (called || near) navigator.vibrate?.(called ? [400, 200, 400, 200, 400] : [250]);
}

async function refresh() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  const aborter = new AbortController();
  const patience = setTimeout(() => aborter.abort(), 10000);
  try {
    const response = await fetch(location.pathname, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {}, signal: aborter.signal });
    if (response.redirected || response.status === 404) {
      // Its day is over: what there still is to do is on another page, and asking again only looks like guessing.
      location.reload();
      return;
    }
    if (response.status === 200) {
      tag = response.headers.get("ETag");
      take(await response.text());
    } else if (response.status !== 304) throw new TypeError("refused");
    updated.textContent = `更新于 ${hm()}`;
    line.classList.remove("cut");
  } catch {
    line.classList.add("cut");
    const at = updated.dataset.time;
    updated.textContent = `网络不通，正在重试 · 更新于 ${at} · No connection, trying again`;
  } finally {
    clearTimeout(patience);
    asking = false;
  }
  if (!line.classList.contains("cut")) updated.dataset.time = hm();
  const main = find("main");
  const wait = OVER.includes(main.dataset.state ?? "") ? 60000 : main.dataset.soon ? 4000 : 12000;
  timer = setTimeout(refresh, wait);
}

addEventListener("online", refresh);
addEventListener("pageshow", refresh);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
