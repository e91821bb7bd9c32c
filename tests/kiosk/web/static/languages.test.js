import assert from "node:assert/strict";
import { test } from "node:test";

import { inLanguage, language, languages, nextLanguage, said, wordsOf } from "../../../../kiosk/web/static/shared/languages.js";

const WORDS = wordsOf({ "Take your ticket": "خذ تذكرتك", "{1} of {2}": "{2}/{1}", "{1} of all {2}": "{1}!", one: "1", "why (now)?": "?" });

test("a sentence is found as it stands, whatever blanks are around it", () => {
  assert.equal(said(WORDS, " Take your\n ticket "), "خذ تذكرتك");
  assert.equal(said(WORDS, "why (now)?"), "?");
  assert.equal(said(WORDS, "Take it"), null);
});

test("what changes in a sentence is put where its language has it, in its own words", () => {
  assert.equal(said(WORDS, "3 of one"), "1/3");
  assert.equal(said(WORDS, "one of all 7"), "1!");
});

test("a page without further languages goes from Chinese to English", () => {
  assert.deepEqual(languages.map(({ id }) => id), ["zh-CN", "en"]);
  assert.equal(language().id, "zh-CN");
  assert.equal(nextLanguage().id, "en");
  assert.equal(inLanguage("中", "en"), "中");
});
