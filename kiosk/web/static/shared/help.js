// Calling somebody (呼叫工作人员), at pages that residents use: what to say at once, and when somebody goes.

import { Problem } from "./api.js";

/**
 * @typedef {object} HelpSaid what the page says now
 * @property {"called" | "answered" | "done" | "failed"} state
 * @property {string} zh
 * @property {string} en
 */

/**
 * Call somebody to this page's place. Pressed again while the call is open, it is the same call.
 *
 * @param {(method: "POST", path: string, body: object) => Promise<any>} send a request to the API with the page's own
 *   token, such as `(method, path, body) => call(method, path, body, { token })`
 * @param {string} [reason] how, papers, device, unwell, other; nothing is none
 * @returns {Promise<HelpSaid>} what to say; with `failed` nobody was called, and the words say so
 */
export async function callHelp(send, reason = "") {
  try {
    return helpSaid(await send("POST", "/help", { reason }));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return { state: "failed", zh: problem.detail, en: problem.detail_en };
  }
}

/**
 * What to say of a call: of the answer to it, and of the message `help` in the page's stream, which comes when somebody
 * goes and when it is over (`done`, without words: take the old ones away).
 * @param {{state: "called" | "answered" | "done", words: {zh: string, en: string}}} message
 * @returns {HelpSaid}
 */
export const helpSaid = ({ state, words }) => ({ state, ...words });
