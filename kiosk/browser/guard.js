// In every document of a kiosk's or screen's browser before its own scripts: takes away what leads out of the page, and
// lets the program that watches the browser see how the page is.

(() => {
  // Keys that type, and those that pages use by themselves; whatever else has Ctrl, Alt or the Super key is the browser's.
  const BROWSER = /^(F[1-9]|F1[0-9]|F2[0-4]|Browser.*|Launch.*|Print|PrintScreen|ContextMenu|Help|Open|Save|Find|New|Close|Zoom.*|Props)$/;
  let isBroken = false;

  /** @param {KeyboardEvent} event */
  const keep = (event) => {
    // AltGr types characters.
    const typed = event.getModifierState("AltGraph");
    const led = (event.ctrlKey || event.altKey || event.metaKey) && !typed;
    const edge = event.shiftKey && (event.key === "Escape" || event.key === "F10");
    // Alone they open the menu of a window, or of what runs it.
    const alone = event.key === "Alt" || event.key === "Meta";
    if (led || edge || alone || BROWSER.test(event.key)) event.preventDefault();
  };
  for (const name of ["keydown", "keypress", "keyup"]) {
    addEventListener(name, (event) => event instanceof KeyboardEvent && keep(event), { capture: true });
  }
  // A long press, the right button, the menu key; things dragged in or out; the middle and side buttons of a mouse.
  for (const name of ["contextmenu", "dragstart", "dragover", "drop", "auxclick"]) {
    addEventListener(name, (event) => event.preventDefault(), { capture: true });
  }
  for (const name of ["mousedown", "mouseup", "pointerdown", "pointerup"]) {
    addEventListener(name, (event) => event instanceof MouseEvent && event.button > 2 && event.preventDefault(), { capture: true });
  }
  addEventListener("wheel", (event) => event.ctrlKey && event.preventDefault(), { capture: true, passive: false });
  // No page of a kiosk or screen prints or opens a window by itself.
  window.print = () => {};
  window.open = () => null;

  // No cursor where nobody has a mouse: fingers hide it, a mouse that moves shows it.
  const hidden = new CSSStyleSheet();
  hidden.replaceSync("*, *::before, *::after { cursor: none !important; }");
  let hides = false;
  const hide = (/** @type {boolean} */ wanted) => {
    if (hides === wanted) return;
    hides = wanted;
    const others = document.adoptedStyleSheets.filter((one) => one !== hidden);
    document.adoptedStyleSheets = wanted ? [...others, hidden] : others;
  };
  hide(true);
  addEventListener("pointermove", (event) => hide(event.pointerType !== "mouse"), { capture: true, passive: true });
  addEventListener("pointerdown", (event) => hide(event.pointerType !== "mouse"), { capture: true, passive: true });

  // A script or a style sheet that did not come: the page stands there and does nothing.
  addEventListener("error", ({ target }) => {
    if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) isBroken = true;
  }, { capture: true });

  const began = performance.now();
  Object.defineProperty(window, "quhaoGuard", {
    configurable: true,  // a document that is written anew (document.open) has the same window
    value: () => {
      const [load] = performance.getEntriesByType("navigation");
      return {
        path: location.pathname + location.search,
        origin: location.origin,
        status: load instanceof PerformanceNavigationTiming ? load.responseStatus : 0,
        broken: isBroken,
        loading: document.readyState === "complete" ? 0 : (performance.now() - began) / 1000,
        scale: devicePixelRatio,
        // By the hall's hours nobody looks at it (night.js, care.js).
        dark: document.documentElement.classList.contains("dark"),
      };
    },
  });
})();
