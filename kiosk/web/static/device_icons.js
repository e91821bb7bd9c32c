// Line drawings of the devices, 48 × 48, in the colour of the words beside them; and what people call them.

const SHAPES = {
  sam: ["M6 14h36v22H6z", "M13 30h22", "M15 20h8M15 25h5", "M29 19h6v7h-6z"],
  escpos: ["M12 18V6h24v12", "M6 18h36v18h-6", "M12 36H6V18", "M14 30h20v12H14z", "M19 35h10M19 39h6", "M35 24h2"],
  scanner: ["M10 10h22l6 8H16z", "M18 18l-4 22h10l3-22", "M40 10v8M44 8v12"],
  "led-bx": ["M4 13h40v22H4z", "M12 20h.01M18 20h.01M24 20h.01M30 20h.01M36 20h.01M12 28h.01M18 28h.01M24 28h.01M30 28h.01M36 28h.01"],
  speaker: ["M8 18h8l12-9v30L16 30H8z", "M33 18c3 3 3 9 0 12", "M37 13c6 6 6 16 0 22"],
};

const KINDS = {
  sam: ["身份证阅读器", "ID card reader"],
  escpos: ["小票打印机", "Ticket printer"],
  scanner: ["扫描枪", "Scanner"],
  "led-bx": ["条屏", "LED strip"],
  speaker: ["语音", "Speaker"],
};

/** What a device of this driver is called: [Chinese, English]. */
export const kindOf = (driver) => KINDS[driver] ?? [driver, driver];

/** Its drawing, as an SVG element. */
export function drawingOf(driver) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 48 48");
  svg.setAttribute("aria-hidden", "true");
  for (const shape of SHAPES[driver] ?? ["M8 8h32v32H8z"]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}
