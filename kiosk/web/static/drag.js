// Things that can be taken with mouse, finger or pen, and pressed like any button.

const FAR = 6;            // pixels after which a press becomes a drag

/**
 * Let a thing be taken: dragged to a place, or pressed. `places` maps what a place is for (data-drop; "" anywhere
 * else) to what happens when the thing is let go there.
 */
export function takable(thing, places, press) {
  let from = null;
  let ghost = null;
  let wasDragged = false;

  const placeUnder = ({ clientX, clientY }) => document.elementFromPoint(clientX, clientY)?.closest("[data-drop]") ?? null;
  const fits = (place) => (place && places[place.dataset.drop] ? place : null);

  function end() {
    ghost?.remove();
    from = ghost = null;
    delete document.body.dataset.dragging;
    for (const place of document.querySelectorAll(".over")) place.classList.remove("over");
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
      ghost = thing.cloneNode(true);
      ghost.classList.remove("fresh");
      ghost.classList.add("ghost");
      ghost.removeAttribute("data-key");
      ghost.style.width = `${box.width}px`;
      ghost.style.height = `${Math.min(box.height, 180)}px`;
      ghost.dataset.left = box.left;
      ghost.dataset.top = box.top;
      document.body.append(ghost);
      document.body.dataset.dragging = Object.keys(places).join(" ");
      wasDragged = true;
    }
    ghost.style.translate = `${Number(ghost.dataset.left) + x}px ${Number(ghost.dataset.top) + y}px`;
    const over = fits(placeUnder(event));
    for (const place of document.querySelectorAll("[data-drop]")) place.classList.toggle("over", place === over);
  });
  thing.addEventListener("pointerup", (event) => {
    const dragged = Boolean(ghost);
    end();
    if (!dragged) return;
    const place = fits(placeUnder(event));
    if (place) places[place.dataset.drop](place);
    else if (!placeUnder(event)) places[""]?.();
  });
  thing.addEventListener("pointercancel", end);
  thing.addEventListener("click", () => {
    if (!wasDragged) press();
    wasDragged = false;
  });
}
