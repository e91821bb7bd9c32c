// The log-in is a plain form; this only puts it into the page's language, and says when Caps Lock is on.

import { speak } from "./language.js";

const password = document.getElementById("password");
const caps = document.getElementById("caps");

for (const type of ["keyup", "keydown", "focus"]) {
  password.addEventListener(type, (event) => {
    if (event.getModifierState) caps.hidden = !event.getModifierState("CapsLock");
  });
}

speak();
