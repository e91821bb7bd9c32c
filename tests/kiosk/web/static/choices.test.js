import assert from "node:assert/strict";
import { test } from "node:test";

import { branchesOf, inOrder, itemsOf, mostAsked, pageOf, rangesOf, themesOf } from "../../../../kiosk/web/static/kiosk/choices.js";

const letters = "abcdefghijklmnopqrstuvwxyz";
const initialsOf = (number) => [676, 26, 1].map((unit) => letters[Math.floor(number / unit) % 26]).join("");
const matter = (number, theme = "社保", more = {}) => ({
  id: `m${number}`, name: `事项${number}`, name_en: "", audience: "personal", theme, theme_en: "", service: "s1",
  initials: initialsOf(number), pinyin: initialsOf(number), words: [], words_pinyin: [], asked_today: 0, ...more,
});
const many = (count, theme) => Array.from({ length: count }, (_, place) => matter((place * 37) % 17576, theme));
const items = (matters) => itemsOf(matters, [{ id: "s1" }]).matters;
const room = (each, most) => ({ most, fits: (asked) => asked.length <= each });
const branchOf = (matters) => branchesOf(themesOf(items(matters), "personal"), 1)[0];

test("a theme of two hundred is two pages: ranges that fit, and matters that fit, none left out or twice", () => {
  const page = pageOf(branchOf(many(200)), room(10, 20), false);
  assert.ok(page.length <= 20);
  const shown = page.flatMap((range) => pageOf(range, room(10, 20), false));
  assert.ok(page.every((range) => range.items.length <= 10));
  assert.deepEqual(shown.map((one) => one.kind), Array(200).fill("item"));
  assert.equal(new Set(shown.map((one) => one.id)).size, 200);
});

test("more than two pages can hold gets one page more, and still none is left out", () => {
  const page = pageOf(branchOf(many(500)), room(5, 6), false);
  assert.ok(page.length <= 6);
  const below = (choice) => (choice.kind === "item" ? [choice] : pageOf(choice, room(5, 6), false).flatMap(below));
  assert.equal(new Set(page.flatMap(below).map((one) => one.id)).size, 500);
});

test("what is seen at once is shown at once", () => {
  assert.deepEqual(pageOf(branchOf(many(8)), room(8, 4), false).map((one) => one.kind), Array(8).fill("item"));
});

test("ranges end where names differ, and follow each other in the alphabet", () => {
  const names = ["aaa", "aab", "aac", "aad", "aae", "aaf", "baa", "bab", "bac", "bad", "bae", "baf", "bag"];
  const sorted = items(names.map((initials, place) => matter(place, "社保", { initials, pinyin: initials })));
  const ranges = rangesOf(sorted, room(8, 4), false);
  assert.deepEqual(ranges.map((one) => one.items.length), [6, 7]);
  assert.ok(ranges[0].range.last.initials < ranges[1].range.first.initials);
});

test("themes that find no room share one with a neighbour, the smallest first", () => {
  const themes = themesOf(items([...many(30, "甲"), ...many(2, "乙"), ...many(3, "丙"), ...many(30, "丁")]), "personal");
  assert.deepEqual(branchesOf(themes, 4).map((one) => one.name.zh), ["甲", "乙", "丙", "丁"]);
  assert.deepEqual(branchesOf(themes, 3).map((one) => one.name.zh), ["甲", "乙 · 丙", "丁"]);
  const shared = branchesOf(themes, 2);
  assert.equal(shared.reduce((sum, one) => sum + one.items.length, 0), 65);
});

test("a branch of several themes shows the ranges of each under its name", () => {
  const shared = branchesOf(themesOf(items([...many(12, "甲"), ...many(3, "乙")]), "personal"), 1)[0];
  const page = pageOf(shared, room(6, 8), false);
  assert.equal(page.at(-1).name.zh, "乙");
  assert.ok(page.slice(0, -1).every((one) => one.name.zh.startsWith("甲 ")));
});

test("in English they are sorted and named by their English names", () => {
  const named = [["Zoo", "a"], ["Ant", "z"], ["", "m"]].map(([name_en, initials], place) => matter(place, "社保", { name_en, initials, pinyin: initials }));
  assert.deepEqual(inOrder(items(named), true).map((one) => one.id), ["matter m1", "matter m2", "matter m0"]);
  assert.deepEqual(inOrder(items(named), false).map((one) => one.id), ["matter m0", "matter m2", "matter m1"]);
});

test("services without matters stand by themselves, and a matter whose service is gone is still found", () => {
  const found = itemsOf([matter(1), matter(2, "社保", { service: "gone" })], [{ id: "s1" }, { id: "s2", waiting: 3 }]);
  assert.deepEqual(found.matters.map((one) => one.matter), ["m1", "m2"]);
  assert.deepEqual(found.services.map((one) => one.service), ["s2"]);
});

test("what was asked for most today comes first, and what nobody asked for does not", () => {
  const asked = items([matter(1, "社保", { asked_today: 2 }), matter(2), matter(3, "社保", { asked_today: 9 })]);
  assert.deepEqual(mostAsked(asked, 4).map((one) => one.matter), ["m3", "m1"]);
});
