import assert from "node:assert/strict";
import { test } from "node:test";

import { isAnotherPerson } from "../../../../kiosk/web/static/kiosk/visit.js";

const ZHANG = { kind: "resident", name: "张*明", id_number: "1101**************", priority: null };
const choosing = { state: "choosing", visit: "r-1", resident: ZHANG, card_lies: true };

test("a visit that the server calls the same is one person, whatever else changed", () => {
  assert.equal(isAnotherPerson(choosing, { ...choosing, state: "printing", card_lies: false }), false);
  assert.equal(isAnotherPerson(choosing, { ...choosing, agent: { name: "王*" } }), false);
});

test("another visit may be another person's, also with the same masked data", () => {
  assert.equal(isAnotherPerson(choosing, { ...choosing, visit: "r-3" }), true);
  assert.equal(isAnotherPerson(choosing, { state: "idle", visit: "r-2", resident: null, card_lies: false }), true);
});
