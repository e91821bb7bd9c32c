// A matter's page: on a screen of the hall it prints what to bring.

import { both, el, find } from "../shared/dom.js";
import { printNotice } from "../shared/notice_slip.js";
import { token } from "./screen.js";

const button = el("print", HTMLButtonElement);

async function print() {
  button.disabled = true;
  await printNotice(find("main").dataset.matter ?? "", token, (zh, en, wrong) => {
    el("printed").replaceChildren(both(zh, en));
    el("printed").classList.toggle("stop", wrong);
  });
  button.disabled = false;
}

button.hidden = !token;
button.addEventListener("click", print);
