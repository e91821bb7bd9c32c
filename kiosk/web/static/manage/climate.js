// The manager's zones: how warm it is, the day's curve, and the air conditioner's keys. Nothing is shown in a hall without.

import { call, hm, Problem } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { curve } from "./plots.js";

const MINUTES = 60;   // that a key of the air conditioner holds

/** @type {Zone[]} */
let zones = [];
/** @type {ZoneDay[]} */
let days = [];
let shown = "";

/**
 * Look again at the zones now, and at their curves of a day.
 * @param {string} day
 */
export async function lookAtClimate(day) {
  [zones, { zones: days, date: shown }] = await Promise.all([call("GET", "/climate"), call("GET", `/climate/day?date=${day}`)]);
}

/**
 * Minutes after the midnight of the day shown, by the hall's clock: the instant's text has the hall's offset.
 * @param {string} at
 */
const minutesOf = (at) => (at.slice(0, 10) === shown ? 0 : 24 * 60) + Number(at.slice(11, 13)) * 60 + Number(at.slice(14, 16));

const nameOf = (/** @type {Zone} */ { zone, device }) => zone || device || "";

/** Draw what was seen last. */
export function renderClimate() {
  const names = [...new Set([...zones.map(nameOf), ...days.map(({ zone }) => zone)])];
  el("climate").hidden = names.length === 0;
  const old = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
  el("climate").replaceChildren(...names.map(panel));
  if (old) document.querySelector(/** @type {"button"} */ (`[data-key="${CSS.escape(old)}"]`))?.focus();
}

/** @param {string} name */
function panel(name) {
  const zone = zones.find((one) => nameOf(one) === name);
  const day = days.find((one) => one.zone === name);
  const place = make("div");
  const points = (day?.points ?? []).map(({ at, temperature }) => ({ at: minutesOf(at), value: temperature }));
  curve(place, points, t("全天温度，°C", "The day's temperature, °C"), t("还没有数据", "Nothing yet"));
  const ran = day?.on_minutes;
  return make(
    "section",
    { className: "panel" },
    make("h2", { textContent: zone?.words ? t(zone.words.zh, zone.words.en) : name }),
    place,
    make("p", {
      className: "small quiet",
      textContent: ran == null ? "" : t(`空调运行 ${Math.floor(ran / 60)} 小时 ${ran % 60} 分钟`, `The air conditioner ran ${Math.floor(ran / 60)} h ${ran % 60} min`),
    }),
    ...(zone?.controlled ? [keys(zone)] : []),
  );
}

/** @type {Record<string, [string, string]>} */
const WHY = {
  override: ["手动", "by hand"],
  stale: ["没有读数", "no reading"],
  closed: ["非开放时间", "closed"],
  temperature: ["自动", "automatic"],
  waits: ["等最短间隔", "waiting for its shortest time"],
  "": ["", ""],
};

/** @param {Zone} zone */
function keys(zone) {
  const { device, on, why, override, override_until: until } = zone;
  const state = on === null ? t("未知", "unknown") : on ? t("开", "on") : t("关", "off");
  const because = until ? `${t(...WHY.override)} → ${hm(new Date(until))}` : t(...WHY[why]);
  const key = (/** @type {"on" | "off" | "auto"} */ what, /** @type {string} */ words) => {
    const button = make("button", { type: "button", textContent: words, ariaPressed: String((override ?? "auto") === what) });
    button.dataset.key = `${device} ${what}`;
    button.addEventListener("click", () => press(device ?? "", what));
    return button;
  };
  return make(
    "p",
    { className: "climate-keys" },
    make("span", { textContent: t(`空调：${state}（${because}）`, `Air conditioner: ${state} (${because})`) }),
    key("on", t("开 1 小时", "On for 1 h")),
    key("off", t("关 1 小时", "Off for 1 h")),
    key("auto", t("自动", "Automatic")),
  );
}

/**
 * @param {string} device
 * @param {"on" | "off" | "auto"} state
 */
async function press(device, state) {
  try {
    const changed = await call("POST", `/climate/${encodeURIComponent(device)}/override`, { state, minutes: MINUTES });
    zones = zones.map((zone) => (zone.device === device ? changed : zone));
    el("said").hidden = true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    el("said").textContent = t(problem.detail, problem.detail_en);
    el("said").hidden = false;
  }
  renderClimate();
}
