// Notices between calls. Words take their turn in the line at the bottom, always; words, pictures and films have the room
// of the rows while nobody is on the way to a window, and leave it at once when somebody is called.

import { call, Problem } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";

const FRESH = 15_000;     // ms after a call in which nothing covers the rows
const GAP = 8000;         // ms between two notices in which the last calls are seen
const STANDING = 8000;    // ms for which the line says what it always says
const STUCK = 15_000;     // ms in which a film that plays must get on

/**
 * The notices in turn, those of higher priority more often: once, twice or three times a round. Pure.
 * @param {Shown[]} notices
 * @returns {Shown[]}
 */
export const roundOf = (notices) => [1, 2, 3].flatMap((least) => notices.filter(({ priority }) => priority >= least));

/**
 * What the line and the room of the rows show.
 * @param {() => boolean} isFree whether the room may be used: nobody is on the way to a window
 */
export function screenNotices(isFree) {
  const room = el("show");
  const line = find(".notice-line");
  const standing = [...line.childNodes];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  /** @type {Shown[]} */
  let notices = [];
  /** @type {Set<string>} media that could not be shown here */
  const broken = new Set();
  let busyUntil = 0;      // when the room is free again
  let next = 0;           // of the round
  let until = 0;          // when the room's notice is over, or the gap after it
  let film = 0;           // when the film last got on
  let lineNext = -1;
  let lineUntil = 0;

  const round = () => roundOf(notices.filter(({ kind, media }) => !broken.has(media ?? "") && !(still && kind === "film")));

  /** @param {Shown} notice */
  function words({ text, text_en: english }) {
    return [make("span", { textContent: text || english }), ...(text && english ? [make("span", { lang: "en", textContent: english })] : [])];
  }

  /** @param {Shown} notice */
  async function spoilt({ media }) {
    if (!media || broken.has(media)) return;
    broken.add(media);
    until = 0;
    clear();
    try {
      await call("POST", `${media.replace("/api/v1", "")}/trouble`, {});
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }

  /** @param {Shown} notice @param {number} now */
  function show(notice, now) {
    room.replaceChildren();
    if (notice.kind === "picture") {
      const picture = make("img", { alt: notice.text || notice.text_en });
      picture.addEventListener("error", () => spoilt(notice));
      picture.src = notice.media ?? "";
      room.append(picture);
    } else if (notice.kind === "film") {
      // Without sound: the voice is calling.
      const player = make("video", { muted: true, playsInline: true, preload: "auto" });
      player.setAttribute("aria-label", notice.text || notice.text_en || "影片 Film");
      player.addEventListener("error", () => spoilt(notice));
      player.addEventListener("timeupdate", () => { film = performance.now(); });
      player.addEventListener("ended", () => { until = 0; });
      player.src = notice.media ?? "";
      film = now;
      player.play().catch(() => { /* the event "error" says why, or it was taken away meanwhile */ });
      room.append(player);
    }
    if (notice.text || notice.text_en) room.append(make("p", {}, ...words(notice)));
    room.className = `show ${notice.kind}`;
    room.hidden = false;
    until = notice.seconds === null ? Infinity : now + notice.seconds * 1000;
  }

  function clear() {
    const player = room.querySelector("video");
    if (player) {
      player.pause();
      player.removeAttribute("src");      // frees what it has loaded
    }
    room.replaceChildren();
    room.hidden = true;
  }

  /** @param {number} now */
  function turnRoom(now) {
    if (now < busyUntil || !isFree()) {
      if (!room.hidden) clear();
      until = Math.max(busyUntil, now);
      return;
    }
    const player = room.querySelector("video");
    if (player && now - film > STUCK) {
      const [stuck] = notices.filter(({ media }) => media && player.src.endsWith(media));
      if (stuck) spoilt(stuck);
    }
    if (now < until) return;
    if (!room.hidden) {
      clear();
      until = now + GAP;
      return;
    }
    const all = round();
    if (all.length) show(all[next++ % all.length], now);
  }

  /** @param {number} now */
  function turnLine(now) {
    if (now < lineUntil) return;
    const texts = roundOf(notices.filter(({ kind }) => kind === "text"));
    lineNext = lineNext + 1 < texts.length ? lineNext + 1 : -1;
    const notice = texts[lineNext];
    line.replaceChildren(...(notice ? words(notice) : standing));
    lineUntil = now + (notice ? (notice.seconds ?? 0) * 1000 : STANDING);
  }

  return {
    /** @param {Shown[]} fresh */
    take(fresh) {
      if (JSON.stringify(fresh) === JSON.stringify(notices)) return;
      notices = fresh;
      // What was withdrawn goes at once.
      if (!room.hidden) clear();
      until = lineUntil = 0;
    },
    /** Somebody was called. @param {number} now ms */
    called(now) {
      busyUntil = now + FRESH;
      clear();
    },
    /** @param {number} now ms */
    turn(now) {
      turnRoom(now);
      turnLine(now);
    },
  };
}
