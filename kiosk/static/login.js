// Signing in: name and password, then on to where one was going.

import { speak, t } from "./language.js";
import { call, Problem } from "./live.js";

const el = (id) => document.getElementById(id);
const form = el("login");
const button = form.querySelector("[type=submit]");
let problem = null;

function render() {
  document.title = t("登录", "Sign in");
  el("error").hidden = !problem;
  el("error-text").textContent = problem ? t(problem.detail, problem.detail_en) : "";
}

/** Where to go on: a page of this hall and nothing else. */
function next(me) {
  const wanted = form.dataset.next;
  if (wanted) return wanted;
  const [window] = me.windows ?? [];
  if (me.role === "technician") return "/devices";
  return window && window !== "*" ? `/window/${encodeURIComponent(window)}` : "/";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true;
  problem = null;
  render();
  try {
    await call("POST", "/login", { username: el("username").value.trim(), password: el("password").value });
    const me = await call("GET", "/me");
    location.assign(next(me));
  } catch (refusal) {
    if (!(refusal instanceof Problem)) throw refusal;
    problem = refusal;
    render();
    el("password").value = "";
    el("password").focus();
  } finally {
    button.disabled = false;
  }
});

el("password").addEventListener("keyup", (event) => {
  el("caps").hidden = !event.getModifierState?.("CapsLock");
});

speak(render);
