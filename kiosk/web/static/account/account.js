// A person's own account: password, second factor, and where it is logged in.

import { call, hm, Problem, wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { inFours, speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";

/** @type {OwnAccount | null} */
let account = null;
/** @type {[zh: string, en: string] | null} */
let done = null;
/** @type {[zh: string, en: string] | null} */
let refused = null;

const input = (/** @type {string} */ id) => el(id, HTMLInputElement);

function render() {
  el("done").hidden = !done;
  el("done-text").textContent = done ? t(...done) : "";
  el("trouble").hidden = !refused;
  el("trouble-text").textContent = refused ? t(...refused) : "";
  if (!account) return;
  const { totp } = account;
  el("totp-is").textContent = totp
    ? t("已启用：登录时要输入手机上的动态码", "On: the log-in asks for the code on your phone")
    : t("未启用", "Off");
  el("totp-begin").hidden = !el("totp-confirm").hidden;
  el("totp-go").textContent = totp ? t("取消两步验证", "Do without it") : t("设置两步验证", "Set it up");
  el("sessions").replaceChildren(...account.sessions.map((one) => {
    const since = hm(new Date(one.begun_at));
    const place = one.source || t("本机", "this box");
    const words = one.own ? t(`本次登录，${since} 起，${place}`, `This one, since ${since}, ${place}`) : t(`${since} 起，${place}`, `Since ${since}, ${place}`);
    const item = make("li", {}, make("span", { textContent: words }));
    if (!one.own) {
      const end = make("button", { type: "button", textContent: t("结束", "End") });
      end.addEventListener("click", () => tried(async () => {
        await call("POST", `/me/sessions/${one.id}/end`);
        await load();
      }));
      item.append(end);
    }
    return item;
  }));
}

async function load() {
  account = await call("GET", "/me/account");
  render();
}

/**
 * Do something and say why, where it is refused.
 * @param {() => Promise<void>} action
 */
async function tried(action) {
  done = refused = null;
  try {
    await action();
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) signIn();
    refused = problem instanceof Problem && problem.code === "wrong_password"
      ? ["密码不对，请重新输入", "Wrong password: please enter it again"]
      : wordsOf(problem);
  }
  render();
  if (refused) el("trouble").scrollIntoView({ block: "nearest" });
}

/**
 * @param {string} id of a form
 * @param {() => Promise<void>} action
 */
function onSubmit(id, action) {
  el(id).addEventListener("submit", (event) => {
    event.preventDefault();
    tried(action);
  });
}

onSubmit("password-form", async () => {
  if (input("new").value !== input("again").value) {
    refused = ["两次输入的新密码不一样", "The two new passwords differ"];
    return;
  }
  await call("POST", "/me/password", { old: input("old").value, new: input("new").value });
  for (const id of ["old", "new", "again"]) input(id).value = "";
  el("due").hidden = true;
  done = ["密码已修改，其他地方的登录已退出", "The password is changed, and all other log-ins have ended"];
  await load();
});

onSubmit("totp-begin", async () => {
  const body = { password: input("totp-password").value };
  input("totp-password").value = "";
  if (account?.totp) {
    await call("POST", "/me/totp/remove", body);
    done = ["两步验证已取消", "There is no second factor any more"];
    await load();
    return;
  }
  const begun = await call("POST", "/me/totp", body);
  el("totp-qr", HTMLImageElement).src = `data:image/svg+xml,${encodeURIComponent(begun.qr)}`;
  el("totp-qr", HTMLImageElement).alt = t("验证器应用要扫的二维码", "The code that the authenticator app scans");
  el("totp-secret").textContent = inFours(begun.secret, " ");
  el("totp-confirm").hidden = false;
  el("totp-begin").hidden = true;
  input("totp-code").focus();
});

onSubmit("totp-confirm", async () => {
  const { codes } = await call("POST", "/me/totp/confirm", { totp: input("totp-code").value });
  el("totp-confirm").hidden = true;
  el("totp-secret").textContent = "";
  el("recovery-codes").replaceChildren(...codes.map((/** @type {string} */ code) => make("li", {}, make("code", { textContent: code }))));
  el("recovery").hidden = false;
  el("due").hidden = true;
  done = ["两步验证已启用", "The second factor is on"];
  await load();
});

signOut();
lockWhenLeft();
speak(render);
tried(load);
