// Where one resident's visit at the kiosk ends and the next begins. The server sends no session number, so it is told
// from what the page has to show; in doubt it is another resident: nothing of one may be kept, or sent, for the next.

/**
 * Whether nobody's card or number is known: the kiosk waits, or reads.
 * @param {Kiosk} view
 */
const isFree = ({ state, ticket, resident }) =>
  state === "idle" || state === "reading" || (state === "fault" && !ticket && !resident);

/**
 * Whether `after` may be about another person than `before`, two answers of GET /kiosk that follow each other.
 * @param {Kiosk} before
 * @param {Kiosk} after
 */
export function isAnotherPerson(before, after) {
  if (isFree(before) || isFree(after)) return isFree(before) !== isFree(after);
  // Masked data can be the same for two people; but who lays a card is who stands here, except for an agent's card.
  const cardLaid = after.card_lies && !before.card_lies && !before.agent_wanted;
  const ticketGone = Boolean(before.ticket) && !after.ticket;
  const facts = (/** @type {Kiosk} */ { resident }) => [resident?.kind, resident?.name, resident?.id_number].join("\n");
  const isOther = facts(before) !== facts(after);
  return cardLaid || ticketGone || isOther;
}
