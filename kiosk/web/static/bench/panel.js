// Devices without furniture of their own: each as a panel of the parts that its simulator names.

import { make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/**
 * The parts of a device.
 * @param {BenchDevice} device
 * @param {(hand: string, body: object) => void} use uses a hand of its simulator
 * @param {(picture: HTMLImageElement, piece: string) => unknown} show loads a picture of it
 * @returns {HTMLElement[]}
 */
export function drawParts(device, use, show) {
  return device.panel.map((part, index) => {
    const element = draw(part, use, show);
    // What has the focus keeps it when the panel is drawn again.
    for (const held of [element, ...element.querySelectorAll("button, input")]) {
      if (held instanceof HTMLElement) held.dataset.key = `${device.name} ${index} ${held.tagName}`;
    }
    return element;
  });
}

/**
 * @param {BenchPart} part
 * @param {(hand: string, body: object) => void} use
 * @param {(picture: HTMLImageElement, piece: string) => unknown} show
 * @returns {HTMLElement}
 */
function draw(part, use, show) {
  const name = t(part.zh, part.en);
  const hand = part.hand ?? "";
  switch (part.part) {
    case "lamp": {
      const lamp = make("span", { className: `lamp ${part.lit ? part.colour : "dark"}` });
      const state = make("span", { className: "hidden-words", textContent: part.lit ? t("亮", "on") : t("灭", "off") });
      return make("p", { className: "part-lamp" }, lamp, name, state);
    }
    case "reading":
      return make("p", { className: "part-reading" }, make("span", { textContent: name }), make("strong", { textContent: part.text ?? "" }));
    case "picture": {
      const picture = make("img", { className: "part-picture", alt: `${name}: ${part.text}`, draggable: false });
      show(picture, `${part.piece ?? ""}?v=${encodeURIComponent(part.text ?? "")}`);
      return picture;
    }
    case "press": {
      const button = make("button", { type: "button", className: "plain", textContent: name });
      if (part.pressed !== null && part.pressed !== undefined) button.ariaPressed = String(part.pressed);
      button.addEventListener("click", () => use(hand, part.body ?? {}));
      return button;
    }
    case "slide": {
      const { least, most, step, value } = part;
      const slider = make("input", { type: "range", min: String(least), max: String(most), step: String(step), value: String(value) });
      slider.addEventListener("change", () => use(hand, { value: slider.valueAsNumber }));
      return make("label", { className: "part-slide" }, make("span", { textContent: name }), slider, make("strong", { textContent: String(value) }));
    }
  }
}
