// A message to those who wait for a window or a service: their phones and the screens show it for a while.

import { call, hm } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { press } from "../shared/press.js";
import { coalesce } from "../shared/stream.js";

/** @typedef {import("../shared/api.js").Problem} Problem */

const about = el("message-about", HTMLSelectElement);
const text = el("message-words", HTMLInputElement);
const minutes = el("message-minutes", HTMLInputElement);

/**
 * @param {() => {services: Service[], windows: HallWindow[]}} hall as it is known now
 * @param {(problem: Problem) => string} wordsFor what to say of what went wrong
 */
export function messageForm(hall, wordsFor) {
  /** @type {Notice[]} */
  let messages = [];

  /** @param {Notice} notice */
  function nameOf({ window, service }) {
    const { windows, services } = hall();
    const found = windows.find(({ id }) => id === window)?.name ?? services.find(({ id }) => id === service)?.name;
    return found ?? t("所有屏幕", "all screens");
  }

  /** @param {Notice} notice */
  function row(notice) {
    const away = make("button", { type: "button", className: "plain", textContent: t("撤下", "Take away") });
    away.setAttribute("aria-label", `${t("撤下", "Take away")} ${notice.text}`);
    press(away, async () => {
      await call("POST", `/notices/${notice.id}/withdraw`, {});
      refresh();
    }, failed);
    const until = notice.ends ? t(`到 ${hm(new Date(notice.ends))}`, `until ${hm(new Date(notice.ends))}`) : "";
    return make("li", {}, make("span", { textContent: `${nameOf(notice)}：${notice.text} ${until}` }), away);
  }

  function render() {
    const { windows, services } = hall();
    const choices = [
      ...windows.map(({ id, name }) => make("option", { value: `window ${id}`, textContent: t(`等候：${name}`, `waits for window ${id}`) })),
      ...services.map(({ id, name, name_en: english }) => make("option", { value: `service ${id}`, textContent: t(`等候：${name}`, `waits for ${english || name}`) })),
      make("option", { value: "", textContent: t("所有屏幕", "all screens") }),
    ];
    const wordsOf = (/** @type {Iterable<HTMLOptionElement>} */ options) => [...options].map((one) => one.value + one.text).join("\n");
    // A list that is open would close, were it made anew with each ticket.
    if (wordsOf(about.options) !== wordsOf(choices)) {
      const chosen = about.value;
      about.replaceChildren(...choices);
      about.value = chosen || about.options[0]?.value || "";
    }
    el("messages").replaceChildren(...messages.map(row));
  }

  /** @param {Problem} problem */
  function failed(problem) {
    el("message-problem").textContent = wordsFor(problem);
  }

  const refresh = coalesce(async () => {
    /** @type {Notice[]} */
    const notices = await call("GET", "/notices/all");
    messages = notices.filter(({ state, ends, media }) => state === "now" && ends && !media);
    render();
  });

  el("message-form").addEventListener("submit", (event) => event.preventDefault());
  press(el("message-send"), async () => {
    el("message-problem").textContent = "";
    const [kind, id] = about.value.split(" ");
    const where = kind === "window" ? { window: id } : kind === "service" ? { service: id } : {};
    await call("POST", "/messages", { text: text.value.trim(), minutes: minutes.valueAsNumber || 30, ...where });
    text.value = "";
    refresh();
  }, failed);

  return { refresh, render };
}
