// The log-in is a plain form; this only puts it into the page's language, and says when Caps Lock is on.

import { el } from "../shared/dom.js";
import { speak } from "../shared/language.js";

const password = el("password");
const caps = el("caps");

for (const type of ["keyup", "keydown", "focus"]) {
  password.addEventListener(type, (event) => {
    if (event instanceof KeyboardEvent) caps.hidden = !event.getModifierState("CapsLock");
  });
}

speak();
