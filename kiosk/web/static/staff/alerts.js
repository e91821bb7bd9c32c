// What stands badly in the hall, for the manager's and the guide desk's page: what it is, since when, what to do.

import { hm } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/** @type {Map<number, string>} by alert, when what was said aloud was told */
const heard = new Map();

/**
 * Put the alerts into `place`; a list that says the same stays as it is. What is new, or told again, is said aloud: not
 * each minute that a wait grows.
 * @param {HTMLElement} place
 * @param {Alert[]} alerts
 */
export function showAlerts(place, alerts) {
  const told = JSON.stringify([document.documentElement.lang, alerts]);
  if (place.dataset.told === told) return;
  place.dataset.told = told;
  const fresh = alerts.filter((one) => heard.get(one.id) !== one.told_at);
  heard.clear();
  for (const one of alerts) heard.set(one.id, one.told_at);
  if (fresh.length) el("alerts-said").textContent = fresh.map((one) => `${t(one.what.zh, one.what.en)}${t("。", ". ")}${advised(one)}`).join(t("。", ". "));
  place.replaceChildren(...alerts.map((one) => {
    const { kind, since, told_at: again, what } = one;
    const reminded = again === since ? "" : t(` · ${hm(new Date(again))} 再次提醒`, ` · told again at ${hm(new Date(again))}`);
    return make(
      "div",
      { className: `notice alert ${kind === "wait" || kind === "box" ? "stop" : "warn"}` },
      make("p", { className: "alert-what" }, t(what.zh, what.en)),
      make("p", { className: "alert-then" }, advised(one)),
      make("time", { className: "quiet", textContent: `${t(`${hm(new Date(since))} 起`, `since ${hm(new Date(since))}`)}${reminded}` }),
    );
  }));
}

/** @param {Alert} alert */
const advised = ({ advice }) => (advice ? t(advice.zh, advice.en) : t("没有别的窗口能帮上忙", "No other window would help"));
