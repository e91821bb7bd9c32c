// A number taken at the terminal, with the card that lies there: for a service, and for a matter of it where it has any.

import { newKey } from "../shared/api.js";
import { choose } from "./lists.js";

/** @typedef {{number: string, ahead: number, qr: string}} Taken `qr`: a picture of the slip's code where none is printed, else "" */

/**
 * @param {import("./visit.js").Visits} visit
 * @param {import("./answers.js").Answers} answers
 */
export function numbers(visit, answers) {
  function chooseService() {
    visit.ask("GET", "/hall", undefined, (/** @type {Hall} */ { services }) => {
      const rows = services.map((one) => ({
        words: words(one),
        side: /** @type {[string, string]} */ (one.waiting ? [`${one.waiting} 人等候`, `${one.waiting} waiting`] : ["无人等候", "Nobody waiting"]),
        pick: () => chooseMatter(one),
      }));
      choose(visit, ["请选择业务", "Choose a service"], rows, { nothing: ["现在没有业务可以取号", "No numbers are given now"], back: null });
    });
  }

  /** @param {Service} service */
  function chooseMatter(service) {
    visit.ask("GET", "/matters", undefined, (/** @type {{matters: Matter[]}} */ { matters }) => {
      const theirs = matters.filter((one) => one.service === service.id);
      if (!theirs.length) {
        askCard(service, null, chooseService);
        return;
      }
      const again = () => chooseMatter(service);
      const rows = theirs.map((one) => ({ words: words(one), pick: () => askCard(service, one, again) }));
      // First: on whichever page the others end, nobody has to look for it.
      rows.unshift({ words: ["其他，到窗口再说", "Something else"], pick: () => askCard(service, null, again) });
      choose(visit, ["请选择要办的事", "What is it about?"], rows, { nothing: ["", ""], back: chooseService, chosen: service.name });
    });
  }

  /**
   * @param {Service} service
   * @param {Matter | null} matter
   * @param {() => void} back
   */
  function askCard(service, matter, back) {
    const key = newKey();
    const body = { service: service.id, matters: matter ? [matter.id] : [] };
    visit.show({
      view: "card",
      title: ["请放身份证取号", "Lay your ID card to take a number"],
      chosen: matter ? `${service.name} · ${matter.name}` : service.name,
      back,
      card: () => visit.ask("POST", `${visit.path}/tickets`, body, show, undefined, key),
    });
  }

  /** @param {Taken} taken */
  function show({ number, ahead, qr }) {
    const place = ahead ? `前面 ${ahead} 人 · ${ahead} ahead` : "马上轮到您 · You are next";
    answers.show(["您的号码", "Your number"], [
      { zh: "号码", en: "Number", value: number },
      { zh: "排队", en: "Queue", value: place },
    ]);
    if (qr) answers.picture(qr);
    else answers.say("请取走小票，拿好身份证", "Take your slip and your ID card");
  }

  return { take: chooseService };
}

/**
 * @param {{name: string, name_en: string}} one
 * @returns {[string, string]}
 */
const words = ({ name, name_en }) => [name, name_en || name];
