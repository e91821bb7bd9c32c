// A number taken at the terminal, with the card that lies there.

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
        words: /** @type {[string, string]} */ ([one.name, one.name_en]),
        side: /** @type {[string, string]} */ (one.waiting ? [`${one.waiting} 人等候`, `${one.waiting} waiting`] : ["无人等候", "Nobody waiting"]),
        pick: () => askCard(one),
      }));
      choose(visit, ["请选择业务", "Choose a service"], rows, { nothing: ["现在没有业务可以取号", "No numbers are given now"], back: null });
    });
  }

  /** @param {Service} service */
  function askCard(service) {
    const key = newKey();
    visit.show({
      view: "card",
      title: ["请放身份证取号", "Lay your ID card to take a number"],
      chosen: service.name,
      back: chooseService,
      card: () => visit.ask("POST", `${visit.path}/tickets`, { service: service.id }, show, undefined, key),
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
