import assert from "node:assert/strict";
import { test } from "node:test";

import { isAnotherPerson } from "../../../../kiosk/web/static/kiosk/visit.js";

const ZHANG = { kind: "resident", name: "张*明", id_number: "1101**************", priority: null };
const TICKET = { number: "A001" };
const idle = { state: "idle", resident: null, ticket: null, card_lies: false, agent_wanted: false };
const choosing = { ...idle, state: "choosing", resident: ZHANG, card_lies: true };
const taking = { ...choosing, state: "taking", ticket: TICKET };

const same = (before, after) => assert.equal(isAnotherPerson(before, after), false);
const other = (before, after) => assert.equal(isAnotherPerson(before, after), true);

test("a visit begins with the card and ends with idle", () => {
  same(idle, { ...idle, state: "reading", card_lies: true });
  same(idle, { ...idle, state: "fault" });
  other({ ...idle, state: "reading", card_lies: true }, choosing);
  other(choosing, idle);
  other(taking, { ...idle, state: "reading" });
});

test("from the choice to the slip it is one person", () => {
  same(choosing, { ...choosing, seconds_left: 20 });
  same(choosing, { ...choosing, state: "printing", ticket: TICKET });
  same(taking, { ...taking, card_lies: false });
  same(taking, { ...taking, state: "fault" });
});

test("a card laid anew may be another person's, also with the same masked data", () => {
  const lifted = { ...choosing, card_lies: false };
  same(choosing, lifted);
  other(lifted, choosing);
  other(choosing, { ...choosing, resident: { ...ZHANG, name: "李*" } });
  other(taking, choosing);
});

test("the agent's card belongs to the visit", () => {
  const wanted = { ...choosing, card_lies: false, agent_wanted: true };
  const found = { ...wanted, card_lies: true };
  same(choosing, { ...choosing, agent_wanted: true });
  same(wanted, found);
  same(found, { ...choosing, agent: { name: "王*" }, resident: { ...ZHANG, priority: { id: "senior" } } });
});
