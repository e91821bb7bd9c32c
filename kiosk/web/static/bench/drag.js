// Things that can be taken with mouse, finger or pen, and pressed like any button.

import { all } from "../shared/dom.js";

const FAR = 6;            // pixels after which a press becomes a drag

/**
 * Let a thing be taken: dragged to a place, or pressed.
 * @param {HTMLElement} thing
 * @param {Record<string, ((place: HTMLElement) => void) | undefined>} places what happens when the thing is let go, by
 *   what the place is for (data-drop; "" anywhere else)
 * @param {() => void} press
 */
export function takable(thing, places, press) {
  /** @type {PointerEvent | null} */
  let from = null;
  /** @type {HTMLElement | null} */
  let ghost = null;
  let wasDragged = false;

  /** @returns {HTMLElement | null} */
  const placeUnder = (/** @type {PointerEvent} */ { clientX, clientY }) => document.elementFromPoint(clientX, clientY)?.closest("[data-drop]") ?? null;
  const actionOf = (/** @type {HTMLElement | null} */ place) => (place ? places[place.dataset.drop ?? ""] : undefined);

  function end() {
    ghost?.remove();
    from = ghost = null;
    delete document.body.dataset.dragging;
    for (const place of all(".over")) place.classList.remove("over");
  }

  thing.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = event;
    wasDragged = false;
    thing.setPointerCapture(event.pointerId);
  });
  thing.addEventListener("pointermove", (event) => {
    if (!from) return;
    const x = event.clientX - from.clientX;
    const y = event.clientY - from.clientY;
    if (!ghost) {
      if (Math.hypot(x, y) < FAR) return;
      const box = thing.getBoundingClientRect();
      ghost = /** @type {HTMLElement} */ (thing.cloneNode(true));
      ghost.classList.remove("fresh");
      ghost.classList.add("ghost");
      ghost.removeAttribute("data-key");
      ghost.style.width = `${box.width}px`;
      ghost.style.height = `${Math.min(box.height, 180)}px`;
      ghost.dataset.left = String(box.left);
      ghost.dataset.top = String(box.top);
      document.body.append(ghost);
      document.body.dataset.dragging = Object.keys(places).join(" ");
      wasDragged = true;
    }
    ghost.style.translate = `${Number(ghost.dataset.left) + x}px ${Number(ghost.dataset.top) + y}px`;
    const over = placeUnder(event);
    for (const place of all("[data-drop]")) place.classList.toggle("over", place === over && Boolean(actionOf(place)));
  });
  thing.addEventListener("pointerup", (event) => {
    const dragged = Boolean(ghost);
    end();
    if (!dragged) return;
    const place = placeUnder(event);
    if (place) actionOf(place)?.(place);
    else places[""]?.(thing);
  });
  thing.addEventListener("pointercancel", end);
  thing.addEventListener("click", () => {
    if (!wasDragged) press();
    wasDragged = false;
  });
}
