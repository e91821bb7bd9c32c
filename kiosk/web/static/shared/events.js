// Every type of event in the hall's stream (GET /events), once: pages take their lists from here and name no type
// themselves. A test holds these lists against what the server writes.

/** What happens to a ticket; the data name it: `{number, service, window?}`. */
export const TICKET = [
  "ticket.issued", "ticket.called", "ticket.recalled", "ticket.started", "ticket.held", "ticket.returned",
  "ticket.missed", "ticket.transferred", "ticket.finished", "ticket.undone", "ticket.cancelled", "ticket.expired",
  "ticket.ranked",
];

/** What happens to a window: `{window}`. */
export const WINDOW = ["window.opened", "window.paused", "window.closed"];

/** After these everything may be different. "reset": the stream cannot tell what was missed, and goes on from now. */
export const HALL = ["hall.changed", "hall.restored", "reset"];

/**
 * Handlers for `follow`: the same one for each of these types.
 * @param {string[]} types
 * @param {(data: any) => void} handler
 */
export const on = (types, handler) => Object.fromEntries(types.map((type) => [type, handler]));
