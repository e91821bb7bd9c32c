import assert from "node:assert/strict";
import { test } from "node:test";

import { inFours, isEnglish, t } from "../../../../kiosk/web/static/shared/language.js";
import { ageOn, inGroups, rowsOf } from "../../../../kiosk/web/static/shared/resident_rows.js";
import { meanMinutes } from "../../../../kiosk/web/static/window/queue.js";
import { bigKeyOf, GO, receiptLines, refusalOf } from "../../../../kiosk/web/static/window/words.js";

const NOBODY = {
  kind: "resident", name: "梁试问", name_en: null, sex: { code: "2", label: "女" }, ethnicity: { code: "99", label: "" },
  birth_date: "1988-03-14", address: null, id_number: "110000198803141234", authority: "样例市公安局",
  valid_from: "2016-05-01", valid_until: null, nationality: null, pass_number: "", issue_count: null, renewal_count: null,
};

test("a page speaks Chinese until somebody chooses English", () => {
  assert.equal(isEnglish(), false);
  assert.equal(t("呼叫", "Call"), "呼叫");
});

test("codes are read in groups of four", () => {
  assert.equal(inFours("7ZQ2M4RDX0KH3W9P", "-"), "7ZQ2-M4RD-X0KH-3W9P");
  assert.equal(inFours("", "-"), "");
});

test("the big key is the verb of the moment", () => {
  const key = (ticket, state = "open") => bigKeyOf({ window: { state }, ticket: ticket && { state: ticket } });
  assert.deepEqual([key(null), key(null, "paused"), key(null, "closed"), key("called"), key("serving"), key("serving", "paused")],
    ["call-next", "open", "call-next", "start", "finish", "finish"]);
  assert.deepEqual(Object.keys(GO).sort(), ["call-next", "finish", "open", "start"]);
});

test("only cases that go on have a line for the resident", () => {
  const lines = receiptLines([
    { receipt: null, promised_on: null }, { receipt: "7ZQ2M4RDX0KH3W9P", promised_on: "2026-12-01" }, { receipt: "7ZQ2M4RDX0KH3W9P", promised_on: null },
  ]);
  assert.deepEqual(lines, ["回执码 7ZQ2 M4RD X0KH 3W9P\n2026-12-01 前办结", "回执码 7ZQ2 M4RD X0KH 3W9P"]);
});

test("a refusal that speaks to the resident is put into words for the clerk", () => {
  const problem = { code: "already_waiting", detail: "您已取号", detail_en: "You have one", body: { number: "A001" } };
  assert.match(refusalOf(problem)[0], /^居民已有这项业务的号码 A001/);
  assert.match(refusalOf({ ...problem, body: {} })[1], /has a number for/);
  assert.deepEqual(refusalOf({ ...problem, code: "closed" }), ["您已取号", "You have one"]);
});

test("a resident's rows keep the order of forms, and leave out what the card does not have", () => {
  const rows = rowsOf(NOBODY);
  assert.deepEqual(rows.map(({ name, key, value }) => [key, name, value]), [
    ["1", "name", "梁试问"], ["2", "sex", "女"], ["3", "ethnicity", "99"], ["4", "birth_date", "1988-03-14"],
    ["5", "id_number", "110000198803141234"], ["6", "authority", "样例市公安局"], ["7", "valid_from", "2016-05-01"],
    ["8", "valid_until", "长期"],
  ]);
});

test("without a card there is no validity, and the agent's rows come last", () => {
  const rows = rowsOf({ ...NOBODY, valid_from: null, agent: { ...NOBODY, name: "代试办" } });
  assert.equal(rows.some(({ name }) => name === "valid_until"), false);
  assert.deepEqual(rows.slice(-2).map(({ name, value }) => [name, value]), [["agent_name", "代试办"], ["agent_id_number", NOBODY.id_number]]);
});

test("somebody is a year older from the birthday on", () => {
  assert.equal(ageOn(new Date(2026, 2, 13), "1988-03-14"), 37);
  assert.equal(ageOn(new Date(2026, 2, 14), "1988-03-14"), 38);
});

test("an ID number is read in groups, another document's as it is", () => {
  assert.deepEqual(inGroups("11000019880314123X"), ["110000", "19880314", "123X"]);
  assert.deepEqual(inGroups("H12345678"), ["H12345678"]);
});

test("a mean is told in minutes, and not at all while there is none", () => {
  assert.deepEqual([meanMinutes(270), meanMinutes(0), meanMinutes(null)], ["4.5", "–", "–"]);
});
