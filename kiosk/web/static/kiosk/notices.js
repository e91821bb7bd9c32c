// Pages that stand before the flow's own until they are left: help, a trouble, a number that is there already, what a
// scanned code is about. They are pages and no dialogs: nothing lies over anything else.

import { call } from "../shared/api.js";
import { el, find } from "../shared/dom.js";
import { callHelp, helpSaid } from "../shared/help.js";
import { flow, onPress, post, token } from "./flow.js";
import { say } from "./words.js";

const FOUND_FOR = 12_000;  // ms that what a scanned code is about stays

/** @param {() => void} changed told of each change, to show the page anew */
export function notices(changed) {
  /** @type {string | null} the service whose ticket may be printed again */
  let again = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {import("./flow.js").Notice["page"]} page */
  function show(page) {
    clearTimeout(timer);
    flow.notice = { page };
    changed();
  }

  function close() {
    clearTimeout(timer);
    again = null;
    if (!flow.notice) return;
    flow.notice = null;
    changed();
  }

  /** @param {{detail: string, detail_en: string}} problem */
  function trouble({ detail, detail_en }) {
    say(find(".problem-words"), detail, detail_en);
    show("trouble");
  }

  /**
   * @param {{id: string, name: string, name_en: string}} service
   * @param {string} number
   */
  function offerAgain(service, number) {
    again = service.id;
    say(find(".again-service"), service.name, service.name_en);
    find(".again-number").textContent = number;
    show("again");
  }

  /**
   * A code was held before the kiosk's scanner.
   * @param {{number: string, service: Said | null, words: Said}} found
   */
  function showFound({ number, service, words }) {
    say(find(".found-service"), service?.zh ?? "", service?.en ?? "");
    find(".found-number").textContent = number;
    say(find(".found-words"), words.zh, words.en);
    show("found");
    timer = setTimeout(close, FOUND_FOR);
  }

  /** Somebody is called, and the page says where people are meanwhile. */
  async function help() {
    show("help");
    sayHelp(await callHelp((method, path, body) => call(method, path, body, { token })));
  }

  /** @param {import("../shared/help.js").HelpSaid} said */
  function sayHelp({ state, zh, en }) {
    const over = state === "done";
    for (const words of [el("help-said"), el("help-line")]) {
      words.hidden = over;
      say(words, zh ?? "", en ?? "");
    }
    el("help-line").hidden ||= state === "failed";
    changed();
  }

  for (const lost of [false, true]) {
    onPress(el(lost ? "reprint-lost" : "reprint"), async (key) => {
      await post("reprint", { service: again, lost }, key);
      close();
    }, trouble);
  }

  return {
    close,
    trouble,
    offerAgain,
    showFound,
    help,
    /** What became of the call: somebody goes, or it is over. @param {any} message of the stream */
    helpNews: (message) => sayHelp(message.state === "done" ? { state: "done", zh: "", en: "" } : helpSaid(message)),
  };
}
