// A month of the shop's traffic before it had a plan, as Mixpanel's raw export would give it: one event a line, every trouble that a
// plan ends planted in it. The same seed gives the same bytes. `PLANTED` says what is in there; test/infer holds `plumbline infer` to it.
// Usage: node examples/shop/history.mjs [--days 30] [--visits 400] > history.ndjson
import { pathToFileURL } from "node:url";

const DAY_S = 86_400;
const FIRST_DAY = Date.UTC(2026, 9, 1) / 1000;
const RENAMED_ON = 16;
const REPURPOSED_ON = 15;
const DEAD_SINCE = 8;

/** What was planted: the finding that must tell it, and where. */
export const PLANTED = [
  {
    trouble: "One event, a spelling for each platform",
    finding: "many-spellings",
    at: "events.Product viewed",
  },
  {
    trouble: "One event, old and new spelling on the web",
    finding: "many-spellings",
    at: "events.User signs up",
  },
  {
    trouble: "One property, a spelling for each platform",
    finding: "many-spellings",
    at: "properties.product_id",
  },
  {
    trouble: "One property spelled with spaces on one platform",
    finding: "many-spellings",
    at: "properties.plan_tier",
  },
  {
    trouble: "Both spellings of a property in one event",
    finding: "spellings-together",
    at: "properties.plan_tier",
  },
  { trouble: '`true` here, `"true"` there', finding: "mixed-types", at: "properties.gift_wrap" },
  { trouble: '`12` here, `"12"` there', finding: "mixed-types", at: "properties.quantity" },
  { trouble: "A date as text here, as seconds there", finding: "mixed-types", at: "properties.ordered_at" },
  { trouble: "A boolean that is always text", finding: "text-for-boolean", at: "properties.newsletter" },
  {
    trouble: "A number on one platform, words on another",
    finding: "types-clash",
    at: "properties.delivery_time",
  },
  { trouble: "A renamed event", finding: "event-renamed", at: "events.Checkout button clicked" },
  { trouble: "A dead event", finding: "event-unseen", at: "events.Wishlist shared" },
  { trouble: "A repurposed event", finding: "event-repurposed", at: "events.Banner clicked" },
  { trouble: "E-mail addresses as user ids", finding: "id-is-email", at: "identity.user_id" },
  { trouble: "Placeholders as user ids", finding: "id-is-placeholder", at: "identity.user_id" },
  { trouble: "Events of nobody", finding: "id-missing", at: "identity.user_id" },
  { trouble: "E-mail addresses in a property", finding: "personal-data", at: "properties.contact" },
  { trouble: "Phone numbers in a property", finding: "personal-data", at: "properties.callback" },
  { trouble: "A token in a property", finding: "personal-data", at: "properties.session" },
  {
    trouble: "Full URLs with a query in a property",
    finding: "personal-data",
    at: "properties.landing_page",
  },
  {
    trouble: "An e-mail address typed into a search field",
    finding: "personal-data",
    at: "properties.search_term",
  },
  {
    trouble: "Full URLs with a query from the SDK itself",
    finding: "personal-data",
    at: "properties.$current_url",
  },
  { trouble: "Server events in the data centre's city", finding: "server-place", at: "sources.node" },
  { trouble: "Event names made from values", finding: "names-from-values", at: "events" },
];

/** What looks like trouble and is none: a finding about one of these is a false alarm. */
export const HARMLESS = [
  "Digits that are no number: postcodes, versions, order numbers with hyphens",
  "An event that began in the middle of the month and replaces nothing",
  "A campaign that began on the day another event ended, with other properties",
  "A rare event, last seen a few days before the end",
  "A handle with `@` that is no address; a price as a text for people",
  "A property that is only sometimes there; one that is often null",
  "A boolean and a number that are what they say everywhere",
];

/** Small, fast and the same everywhere: Mulberry32. */
function makeRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CITIES = ["Berlin", "Hamburg", "Leipzig", "Köln", "München", "Wien", "Zürich"];
const TERMS = ["teapot", "blue cup", "gift for mum", "plate 24 cm", "bowl", "tea", "mug with cat"];

const hex = (number, digits) => number.toString(16).padStart(digits, "0");
const uuid = (number) => `7d4e${hex(number % 65_536, 4)}-3c1a-4b5d-8e6f-${hex(number, 12)}`;
const iso = (seconds) => new Date(seconds * 1000).toISOString();

function clientDefaults(platform) {
  if (platform === "web")
    return {
      mp_lib: "web",
      $lib_version: "2.83.0",
      $os: "Windows",
      $browser: "Chrome",
      $browser_version: 141,
    };
  if (platform === "ios")
    return { mp_lib: "swift", $lib_version: "6.5.1", $os: "iOS", $app_version_string: "7.1" };
  return { mp_lib: "android", $lib_version: "8.9.0", $os: "Android", $app_version_string: "7.0" };
}

/**
 * Writes events, oldest first.
 *
 * @param {{ days?: number, visitsPerDay?: number, seed?: number, emit: (event: { event: string, properties: Record<string, unknown> }) => void }} options
 */
export function playHistory({ days = 30, visitsPerDay = 400, seed = 1, emit }) {
  const random = makeRandom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  let counter = 0;

  for (let day = 0; day < days; day += 1) {
    for (let visit = 0; visit < visitsPerDay; visit += 1) {
      const at = FIRST_DAY + day * DAY_S + Math.floor((visit / visitsPerDay) * (DAY_S - 600));
      const person = Math.floor(random() * 900);
      const platform = ["web", "web", "ios", "android"][person % 4];
      visitOnce({ at, day, person, platform });
    }
  }

  function send(event, { at, properties, place, id, defaults }) {
    counter += 1;
    emit({
      event,
      properties: {
        time: at,
        ...(id === undefined ? {} : { distinct_id: id }),
        $insert_id: `h${counter.toString(36).padStart(15, "0")}`,
        ...defaults,
        $city: place,
        mp_country_code: "DE",
        ...properties,
      },
    });
  }

  function visitOnce({ at, day, person, platform }) {
    const isWeb = platform === "web";
    const device = uuid(900_000 + person);
    const isKnown = person % 3 !== 0;
    // An old release identifies people by their e-mail address; another sends what `String(undefined)` gives.
    const oldId =
      person % 40 === 1 ? `person${person}@example.com` : person % 97 === 2 ? "undefined" : uuid(person);
    const id = isKnown ? oldId : `$device:${device}`;
    const defaults = { ...clientDefaults(platform), $device_id: device };
    if (isWeb) defaults.$current_url = `https://shop.example/products?utm_source=mail&customer=${person}`;
    const place = CITIES[person % CITIES.length];
    let clock = at;
    const track = (event, properties = {}) => {
      clock += 5 + Math.floor(random() * 40);
      send(event, { at: clock, properties, place, id, defaults });
    };
    const sku = `sku_${1000 + Math.floor(random() * 400)}`;
    const tier = pick(["free", "free", "plus"]);
    const product = isWeb
      ? { product_id: sku }
      : platform === "ios"
        ? { productId: sku }
        : { "Product ID": sku };

    track({ web: "Product viewed", ios: "productViewed", android: "product_viewed" }[platform], {
      ...product,
      price: Math.floor(random() * 9000) / 100 + 1,
      ...(isWeb
        ? { landing_page: `https://shop.example/p/${sku}?ref=${person}&email_hash=ab${person}` }
        : {}),
    });
    if (random() < 0.4)
      track("Search used", {
        search_term:
          random() < 0.02
            ? `order of person${person}@example.com`
            : `${pick(TERMS)} ${Math.floor(random() * 500)}`,
        results: Math.floor(random() * 50),
      });
    if (random() < 0.3)
      track(
        "Banner clicked",
        day < REPURPOSED_ON
          ? { banner: pick(["summer", "autumn", "sale"]), position: 1 + Math.floor(random() * 3) }
          : { campaign: pick(["mail_a", "mail_b", "push_c"]), step: 1 + Math.floor(random() * 4) },
      );
    if (day < DEAD_SINCE && random() < 0.2) track("Wishlist shared", { channel: pick(["mail", "link"]) });
    if (random() < 0.1)
      track(isWeb && day < 20 ? "User Signs Up" : "User signs up", {
        ...(isWeb ? { plan_tier: tier } : { "Plan Tier": tier }),
        ...(isWeb && random() < 0.02 ? { planTier: tier } : {}),
        newsletter: pick(["true", "false"]),
      });
    if (random() < 0.1)
      track("Contact requested", {
        contact: `person${person}@example.com`,
        callback: `+49 151 ${1_000_000 + person * 7}`,
        session: `eyJhbGciOiJIUzI1NiJ9.eyJwZXJzb24iOiR7cGVyc29u${person}.c2lnbmF0dXJl${person}`,
      });
    if (random() < 0.05)
      track("Address saved", {
        postcode: String(10_000 + Math.floor(random() * 80_000)),
        app_release: pick(["7.0", "7.1", "8.0"]),
        invoice_number: `2026-${1000 + Math.floor(random() * 9000)}-${10 + (person % 90)}`,
        seller: `@shop${person % 200}`,
        shown_price: `${Math.floor(random() * 90)},50 €`,
        ...(random() < 0.3 ? { door_code_given: random() < 0.5 } : {}),
        floor: random() < 0.6 ? null : Math.floor(random() * 9),
      });
    if (day >= 12 && random() < 0.1)
      track("Gift card bought", { amount: pick([10, 25, 50]), design: pick(["tea", "cup"]) });
    if (day >= RENAMED_ON && random() < 0.2)
      track("Advent calendar opened", { door: 1 + Math.floor(random() * 24) });
    if (day % 9 === 8 && random() < 0.05)
      track("Newsletter preferences opened", { newsletter_count: Math.floor(random() * 4) });
    if (random() < 0.02) track(`Opened page ${1 + Math.floor(random() * 60)}`);
    if (random() > 0.5) return;

    track("Item added to cart", {
      ...product,
      quantity: platform === "android" ? String(1 + Math.floor(random() * 5)) : 1 + Math.floor(random() * 5),
      gift_wrap: platform === "ios" ? random() < 0.2 : random() < 0.2 ? "true" : "false",
      delivery_time: platform === "ios" ? pick(["soon", "tomorrow"]) : 1 + Math.floor(random() * 5),
    });
    track(day < RENAMED_ON ? "Checkout button clicked" : "Checkout started", {
      item_count: 1 + Math.floor(random() * 5),
      cart_value: Math.floor(random() * 30_000) / 100,
      payment_method: pick(["card", "invoice", "wallet"]),
    });
    if (random() > 0.6) return;

    // The server knows the order. It says nothing about the address, so everyone lives in its data centre.
    send("Order completed", {
      at: clock + 30,
      place: "Frankfurt am Main",
      id: isKnown ? oldId : undefined,
      defaults: { mp_lib: "node", $lib_version: "0.24.0" },
      properties: {
        order_id: `o-${counter}`,
        total: Math.floor(random() * 30_000) / 100,
        first_order: random() < 0.3,
        ordered_at: random() < 0.5 ? iso(clock) : clock,
        currency: "EUR",
        shipping_note: null,
      },
    });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(name);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  const lines = [];
  playHistory({
    days: option("--days", 30),
    visitsPerDay: option("--visits", 400),
    emit: (event) => lines.push(JSON.stringify(event)),
  });
  process.stdout.write(`${lines.join("\n")}\n`);
}
