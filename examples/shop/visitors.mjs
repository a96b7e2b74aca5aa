// Scripted visitors: a real browser that clicks through the shop, as people with new and old releases would.
// Where no browser can be started, it says so, and the shop waits for you to open it.
import { setTimeout as pause } from "node:timers/promises";

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Ctrl-C is for the example to answer: by itself the driver would end the whole process. */
const SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };

/** The packaged Chromium first (Linux x64), then the Chrome that is installed. */
async function launch() {
  const { chromium } = await import("playwright-core");
  const attempts = [
    async () => {
      const packaged = (await import("@sparticuz/chromium")).default;
      return chromium.launch({
        executablePath: await packaged.executablePath(),
        // In one process the browser would end with its first visitor.
        args: [...packaged.args.filter((flag) => flag !== "--single-process"), ...CHROMIUM_ARGS],
        headless: true,
        ...SIGNALS,
      });
    },
    () => chromium.launch({ channel: "chrome", args: CHROMIUM_ARGS, headless: true, ...SIGNALS }),
  ];
  const reasons = [];
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      reasons.push(error.message.split("\n")[0]);
    }
  }
  throw new Error(reasons.join("; "));
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];

async function visit(browser, shopUrl) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const old = Math.random() < 0.4;
  await page.goto(old ? `${shopUrl}/?release=1` : shopUrl);
  await page.waitForFunction(() => window.mixpanel?.get_distinct_id !== undefined);
  for (let clicks = 0; clicks < 3; clicks += 1) {
    await pick(await page.locator("#products button").all()).click();
    await pause(400);
  }
  const mischief = ["#unplanned", "#email-id", "#write-state", undefined, undefined, undefined];
  const button = pick(mischief);
  if (button) await page.click(button);
  if (Math.random() < 0.5) await page.click("#theme");
  if (await page.locator("#checkout").isEnabled()) await page.click("#checkout");
  await pause(700);
  // Closing the page is what sends the rest by beacon.
  await context.close();
}

/**
 * Sends visitors until the signal aborts.
 *
 * @param {{ shopUrl: string, signal: AbortSignal, say: (text: string) => void }} options
 */
export async function sendVisitors({ shopUrl, signal, say }) {
  let browser;
  try {
    browser = await launch();
  } catch (error) {
    say(`No browser could be started here (${error.message}). Open ${shopUrl} in your own.`);
    return;
  }
  // An abort while it was starting has told nobody.
  if (signal.aborted) {
    await browser.close();
    return;
  }
  signal.addEventListener("abort", () => void browser.close(), { once: true });
  while (!signal.aborted) {
    try {
      await visit(browser, shopUrl);
    } catch (error) {
      if (signal.aborted) return;
      if (!browser.isConnected()) return say(`The browser ended. Open ${shopUrl} in your own.`);
      say(`A visitor stumbled: ${error.message.split("\n")[0]}`);
      await pause(1000);
    }
  }
}
