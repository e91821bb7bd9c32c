// The bell of the guide desk: made here, without a file. A browser lets no page sound before somebody has touched it;
// until then the page says so, and any key or click switches the bell on. (A desk's browser can be told to allow it
// at once: --autoplay-policy=no-user-gesture-required, or the policy AutoplayAllowlist.)

const AGAIN = 15_000;     // ms from one ring to the next, until somebody goes
const NOTES = [[880, 0], [660, 0.28], [880, 0.9], [660, 1.18]];   // Hz, and seconds after the first

/**
 * A bell.
 * @param {(isAllowed: boolean) => void} allowed told whether the browser lets it sound, now and at each change
 * @param {() => void} rings told at each ring: whoever cannot hear sees it
 */
export function bell(allowed, rings) {
  const context = new AudioContext();
  /** @type {ReturnType<typeof setInterval> | null} */
  let timer = null;

  function ring() {
    rings();
    if (context.state !== "running") return;
    const start = context.currentTime + 0.05;
    for (const [frequency, after] of NOTES) {
      const tone = new OscillatorNode(context, { type: "triangle", frequency });
      const loudness = new GainNode(context, { gain: 0 });
      // A struck bell: at once loud, then away.
      loudness.gain.setValueAtTime(0.4, start + after);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + after + 0.8);
      tone.connect(loudness).connect(context.destination);
      tone.start(start + after);
      tone.stop(start + after + 0.8);
    }
  }

  const wake = () => context.resume();
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, wake);
  const tell = () => allowed(context.state === "running");
  context.addEventListener("statechange", tell);
  tell();
  return {
    /**
     * Ring, and again until it is told that nobody waits.
     * @param {boolean} isWanted
     */
    ring(isWanted) {
      if (isWanted && timer === null) {
        ring();
        timer = setInterval(ring, AGAIN);
      } else if (!isWanted && timer !== null) {
        clearInterval(timer);
        timer = null;
      }
    },
  };
}
