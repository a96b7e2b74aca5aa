// The catalogue in the real browser: searchable, accessible, readable on a phone and on paper, and harmless whatever the plan says.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadPlan } from "../src/cli/up/load-plan.ts";
import { exportHtml, type Lock } from "../src/plan/index.ts";
import { launchBrowser } from "./support/browser.ts";
import { tempDirectory } from "./support/temp.ts";

const root = new URL("..", import.meta.url).pathname;
const folder = tempDirectory("catalogue");
const { lock } = loadPlan(join(root, "examples/shop/plan.yaml"));
if (!lock) throw new Error("The shop's plan has errors");
const shop: Lock = lock;
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

interface View {
  readonly width?: number;
  readonly dark?: boolean;
  readonly scripts?: boolean;
  readonly hash?: string;
}

async function show(
  plan: Lock,
  { width = 1200, dark = false, scripts = true, hash = "" }: View = {},
): Promise<Page> {
  const file = join(folder, `${plan.name}.html`);
  writeFileSync(file, exportHtml(plan));
  const page = await browser.newPage({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: scripts,
    // axe is a script of its own, which the page's policy would refuse.
    bypassCSP: true,
  });
  await page.goto(`file://${file}${hash}`);
  return page;
}

const visible = (page: Page) => page.locator("article:visible").count();
const cards = Object.keys(shop.events).length + Object.keys(shop.people).length;

describe("the catalogue", () => {
  test.each([
    ["light", { dark: false }],
    ["dark", { dark: true }],
    ["on a phone", { width: 360 }],
  ])("axe finds nothing to say: %s", async (_, view) => {
    const page = await show(shop, view);
    for (const details of await page.locator("details").all())
      await details.evaluate((node) => node.setAttribute("open", ""));
    await page.addScriptTag({ path: axe });
    const violations = await page.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))",
    );
    expect(violations).toEqual([]);
    await page.close();
  });

  test("on a phone nothing is wider than the screen", async () => {
    const page = await show(shop, { width: 360 });
    for (const details of await page.locator("details").all())
      await details.evaluate((node) => node.setAttribute("open", ""));
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.close();
  });

  test("the search finds names, old names and meanings; filters narrow; what is empty is gone", async () => {
    const page = await show(shop);
    expect(await visible(page)).toBe(cards);
    const old = Object.values(shop.events).find(({ was }) => was.length > 0);
    await page.fill("#q", old?.was[0]?.toUpperCase() ?? "");
    expect(await page.locator("article:visible h3").allTextContents()).toContain(old?.name);
    expect(await visible(page)).toBeLessThan(cards);
    await page.fill("#q", "no such thing anywhere");
    expect(await visible(page)).toBe(0);
    expect(await page.locator("section:visible").count()).toBe(0);
    expect(await page.textContent("#count")).toBe(`0 of ${cards}`);
    await page.fill("#q", "");
    await page.selectOption("#source", "api");
    const fromApi = Object.values(shop.events).filter(({ sources }) => "api" in sources).length;
    expect(await page.locator("#events ~ article:visible").count()).toBe(fromApi);
    await page.close();
  });

  test("a link to an event opens its properties", async () => {
    const [id = ""] = Object.keys(shop.events);
    const page = await show(shop, { hash: `#event-${id}` });
    const target = page.locator(`#event-${id}`);
    expect(await target.evaluate((node) => node.getBoundingClientRect().top < 800)).toBe(true);
    expect(
      await target.locator("details").evaluateAll((all) => all.every((one) => one.hasAttribute("open"))),
    ).toBe(true);
    await page.close();
  });

  test("without scripts everything is there to read, and there is no search that does nothing", async () => {
    const page = await show(shop, { scripts: false });
    expect(await visible(page)).toBe(cards);
    expect(await page.locator("#tools").isVisible()).toBe(false);
    await page.close();
  });

  test("on paper every property is there", async () => {
    const page = await show(shop);
    const paper = await page.pdf({ format: "A4" });
    expect(paper.subarray(0, 5).toString()).toBe("%PDF-");
    expect(paper.length).toBeGreaterThan(10_000);
    await page.emulateMedia({ media: "print" });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator("table").first().isVisible()).toBe(true);
    expect(await page.locator("#tools").isVisible()).toBe(false);
    await page.close();
  });

  test("the same plan gives the same bytes, and asks nothing of a network", () => {
    const text = exportHtml(shop);
    expect(exportHtml(shop)).toBe(text);
    expect(text).not.toMatch(/(?:src|href)="(?!#)/);
  });

  test("a hostile plan can do nothing: all of it is text", async () => {
    const evil = '"><img src=x onerror="document.title=1"><script>document.title=1</script>';
    const [event] = Object.values(shop.events);
    if (!event) throw new Error("The shop has no events");
    const hostile: Lock = {
      ...shop,
      name: "hostile",
      events: {
        evil: {
          ...event,
          name: evil,
          description: evil,
          owner: evil,
          was: [evil],
          tags: [evil],
          properties: {
            [evil]: {
              presence: "optional",
              type: { type: "string", enum: [evil] },
              data: "none",
              was: [evil],
              description: evil,
            },
          },
        },
      },
      sources: { [evil]: { trust: "client" } },
    };
    const page = await show(hostile);
    expect(await page.title()).toBe("hostile: tracking plan");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.textContent("#event-evil h3")).toBe(evil);
    await page.close();
  });

  test("its own policy lets its script run, and no other", async () => {
    const file = join(folder, "strict.html");
    writeFileSync(
      file,
      exportHtml(shop).replace("</body>", "<script>document.title = 'hacked'</script></body>"),
    );
    const page = await browser.newPage();
    await page.goto(`file://${file}`);
    expect(await page.locator("#tools").isVisible()).toBe(true);
    expect(await page.title()).toBe("shop: tracking plan");
    await page.close();
  });

  test("a thousand events are searched like ten", async () => {
    const [event] = Object.values(shop.events);
    if (!event) throw new Error("The shop has no events");
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [
        `thing${index}`,
        { ...event, name: `Thing ${index} happened` },
      ]),
    );
    const page = await show({ ...shop, name: "many", events: many, people: {} });
    await page.fill("#q", "thing 777");
    expect(await page.textContent("#count")).toBe("1 of 1000");
    await page.close();
  });
});
