// What each kind of device looks like and is called: the page comes with it (device_kinds.html).

/**
 * @param {string} driver
 * @returns {SVGElement | null}
 */
const kind = (driver) => document.querySelector(`#kinds [data-driver="${CSS.escape(driver)}"]`);

/**
 * What a device of this driver is called: [Chinese, English].
 * @param {string} driver
 * @returns {[string, string]}
 */
export function kindOf(driver) {
  const { name, nameEn } = kind(driver)?.dataset ?? {};
  return [name ?? driver, nameEn ?? driver];
}

/**
 * What its test is called: [Chinese, English]; null where it has none.
 * @param {string} driver
 * @returns {[string, string] | null}
 */
export function testOf(driver) {
  const { test, testEn } = kind(driver)?.dataset ?? {};
  return test ? [test, testEn ?? test] : null;
}

/**
 * Its drawing, as an SVG element.
 * @param {string} driver
 */
export function drawingOf(driver) {
  const found = /** @type {SVGElement | undefined} */ (kind(driver)?.cloneNode(true));
  const svg = found ?? document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const name of Object.keys(svg.dataset)) delete svg.dataset[name];
  return svg;
}
