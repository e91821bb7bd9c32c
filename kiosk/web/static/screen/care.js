// Care for a screen that shows nearly the same all year: the picture moves by some pixels each minute, what stands still
// is dimmed while nothing happens, and at night the screen is dark but for a small clock.

const STEP = 60_000;      // ms from one place of the picture to the next
const CALM = 120_000;     // ms without a call after which what stands still is dimmed
// Places round the middle, in thousandths of the screen's height: each pixel gets a rest, and nobody sees it move.
const PLACES = [[0, 0], [3, 2], [-3, 3], [4, -2], [-4, -3], [2, 4], [-2, -4], [0, 3]];

/**
 * @param {HTMLElement} root has the classes `calm` and `dark`
 */
export function screenCare(root) {
  let place = 0;
  let movedAt = 0;
  let calledAt = 0;
  return {
    /** A call has come. @param {number} now ms */
    called(now) {
      calledAt = now;
      root.classList.remove("calm");
    },
    /** Whether anybody is there to look. @param {boolean} isLit */
    lit(isLit) {
      root.classList.toggle("dark", !isLit);
    },
    /** @param {number} now ms */
    tick(now) {
      if (!calledAt) calledAt = now;
      root.classList.toggle("calm", now - calledAt > CALM);
      if (now - movedAt < STEP) return;
      const [right, down] = PLACES[place];
      place = (place + 1) % PLACES.length;
      movedAt = now;
      document.body.style.translate = `${right / 10}vh ${down / 10}vh`;
    },
  };
}
