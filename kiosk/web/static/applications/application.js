// An application (自助申请) in a list and opened, as clerks and the desk see it, and what they do with one: nothing here says
// whose it is.

import { wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/** @type {Record<Application["state"], [string, string, string]>} zh, en, and how it looks */
export const STATES = {
  submitted: ["待受理", "Submitted", "warn"],
  open: ["办理中", "In progress", "good"],
  ready: ["可领取", "Ready to be fetched", "good"],
  returned: ["待补材料", "Papers are missing", "stop"],
  closed: ["已办结", "Closed", ""],
};

/** @param {Application} application */
export const nameOf = ({ matter_name: zh, matter_name_en: en, service_name: service, service_name_en: service_en }) => (zh ? t(zh, en || zh) : t(service, service_en || service));

/**
 * Writes a state.
 * @template {HTMLElement} T
 * @param {T} element
 * @param {Application["state"]} state
 */
export function badge(element, state) {
  const [zh, en, look] = STATES[state];
  element.className = `state ${look}`;
  element.textContent = t(zh, en);
  return element;
}

/** A moment in words. @param {string} at */
export const minuteOf = (at) => at.slice(0, 16).replace("T", " ");

/**
 * What a list says of one.
 * @param {Application} application
 */
export function lineOf(application) {
  const { id, applied_at: applied, promised_on: by, papers } = application;
  const missing = papers.filter(({ later }) => later).length;
  const told = [
    `${t("编号", "No.")} ${id}`,
    minuteOf(applied),
    ...(by ? [t(`${by} 前办结`, `done by ${by}`)] : []),
    ...(missing ? [t(`待补 ${missing} 份`, `${missing} to be brought`)] : []),
  ];
  return [make("strong", { textContent: nameOf(application) }), badge(make("span"), application.state), make("p", { textContent: told.join(" · ") })];
}

/**
 * The papers it takes, a row each.
 * @param {Application} application
 */
export const papersOf = ({ papers }) => papers.map(({ name, name_en: en, later }) => make("li", {}, t(name, en || name), make("span", {
  className: later ? "later" : "", textContent: later ? t("以后补交", "to be brought later") : t("申请人带着", "the resident has it"),
})));

/**
 * The line that tells what came of a deed, and deeds one after another, so that no scan and no press is lost to a look at
 * the list.
 * @param {() => void} render draws the page; it calls `show`
 */
export function deeds(render) {
  /** @type {[string, string, boolean]} what is told, and whether it is a refusal */
  let said = ["", "", false];
  let turn = Promise.resolve();
  /** @type {(zh: string, en: string, refused?: boolean) => void} */
  const tell = (zh, en, refused = false) => {
    said = [zh, en, refused];
    render();
  };
  return {
    tell,
    show() {
      const [zh, en, refused] = said;
      el("message").textContent = t(zh, en);
      el("message").classList.toggle("stop", refused);
    },
    /** @param {() => Promise<void>} deed what goes wrong with it is told */
    inTurn(deed) {
      turn = turn.then(deed).catch((problem) => tell(...wordsOf(problem), true));
    },
  };
}
