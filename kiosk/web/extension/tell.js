// What the extension's scripts in a business system's page share: a line that tells how it went, and the documents of a
// form. Injected at each press; it defines itself once a page. The page's own scripts cannot see it (isolated world).

globalThis.quhao ??= /** @type {Quhao} */ ({});

/**
 * The page's document and those of its frames that are of the same origin; others are closed to the extension.
 * @returns {Document[]}
 */
globalThis.quhao.documents = () => {
  /** @type {Document[]} */
  const found = [document];
  for (const one of found) {
    for (const frame of one.querySelectorAll("iframe, frame")) {
      const inner = /** @type {HTMLIFrameElement} */ (frame).contentDocument;
      if (inner?.body) found.push(inner);
    }
  }
  return found;
};

/**
 * Show a line at the top of the page for a while; a wrong one stays until it is closed.
 * @param {{tone: string, zh: string, en: string}} said
 */
globalThis.quhao.tell = ({ tone, zh, en }) => {
  document.querySelector("quhao-line")?.remove();
  const line = document.createElement("quhao-line");
  const inside = line.attachShadow({ mode: "closed" });
  const colours = /** @type {Record<string, string>} */ ({ good: "#1E7B4F", warn: "#7A4E00", stop: "#B3261E" });
  const box = document.createElement("div");
  box.setAttribute("role", tone === "good" ? "status" : "alert");
  box.style.cssText = `position:fixed;z-index:2147483647;top:12px;left:50%;transform:translateX(-50%);max-width:min(720px,90vw);display:flex;gap:16px;align-items:center;padding:12px 20px;border-radius:6px;background:${colours[tone] ?? colours.warn};color:#fff;font:16px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;box-shadow:0 4px 16px rgb(0 0 0 / 30%)`;
  const words = document.createElement("span");
  words.append(zh, document.createElement("br"));
  const english = document.createElement("span");
  english.lang = "en";
  english.style.fontSize = "14px";
  english.textContent = en;
  words.append(english);
  const close = document.createElement("button");
  close.textContent = "×";
  close.setAttribute("aria-label", "关闭 Close");
  close.style.cssText = "min-width:44px;min-height:44px;border:2px solid #fff;border-radius:6px;background:transparent;color:#fff;font-size:20px;cursor:pointer";
  close.addEventListener("click", () => line.remove());
  box.append(words, close);
  inside.append(box);
  line.dataset.zh = zh;
  document.documentElement.append(line);
  if (tone === "good") setTimeout(() => line.remove(), 8000);
};
