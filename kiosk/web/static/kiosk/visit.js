// Where one resident's visit at the kiosk ends and the next begins: nothing of one may be kept, or sent, for the next.

/**
 * Whether `after` may be about another person than `before`, two answers of GET /kiosk.
 * @param {Kiosk} before
 * @param {Kiosk} after
 */
export const isAnotherPerson = (before, after) => before.visit !== after.visit;
