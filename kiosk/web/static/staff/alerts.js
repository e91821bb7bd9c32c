// What stands badly in the hall, for the manager's and the guide desk's page: what it is, since when, what to do.

import { hm } from "../shared/api.js";
import { make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/**
 * Put the alerts into `place`, which says them aloud by its role; a list that says the same stays as it is.
 * @param {HTMLElement} place
 * @param {Alert[]} alerts
 */
export function showAlerts(place, alerts) {
  const told = JSON.stringify([document.documentElement.lang, alerts]);
  if (place.dataset.told === told) return;
  place.dataset.told = told;
  place.replaceChildren(...alerts.map(({ kind, since, what, advice }) => make(
    "div",
    { className: `notice alert ${kind === "wait" ? "stop" : "warn"}` },
    make("p", { className: "alert-what" }, t(what.zh, what.en)),
    make("p", { className: "alert-then" }, advice ? t(advice.zh, advice.en) : t("没有别的窗口能帮上忙", "No other window would help")),
    make("time", { className: "quiet", textContent: t(`${hm(new Date(since))} 起`, `since ${hm(new Date(since))}`) }),
  )));
}
