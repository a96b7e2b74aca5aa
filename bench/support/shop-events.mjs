// Events of a shop with a past, of about 700 bytes each: what the benches of reading are fed with.
export const NAMES = [
  "Product viewed",
  "product_viewed",
  "Item added to cart",
  "Checkout started",
  "Order completed",
  "Search used",
];

/** Mulberry32: the same events on every machine. */
export function makeRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One line. `time`: of the event, in the unit that the export has. */
export function makeLine(index, { random, time }) {
  const user = Math.floor(random() * 100_000);
  const id = `${user.toString(16).padStart(8, "0")}-3c1a-4b5d-8e6f-7d4e00000000`;
  const isOld = random() < 0.1;
  return JSON.stringify({
    event: NAMES[index % NAMES.length],
    properties: {
      time,
      distinct_id: id,
      $device_id: id,
      $insert_id: `b${index.toString(36).padStart(12, "0")}`,
      $os: "Windows",
      $browser: "Chrome",
      $browser_version: 141,
      $current_url: `https://shop.example/products/${index % 1000}`,
      $referrer: "https://shop.example/",
      $screen_height: 1080,
      $screen_width: 1920,
      mp_lib: index % 3 === 0 ? "swift" : "web",
      $lib_version: "2.83.0",
      mp_processing_time_ms: 1_790_000_000_000 + index,
      $city: "Berlin",
      $region: "Land Berlin",
      mp_country_code: "DE",
      product_id: `sku_${Math.floor(random() * 10_000)}`,
      order_id: `o-${index}`,
      total: Math.floor(random() * 100_000) / 100,
      [isOld ? "itemCount" : "item_count"]: isOld ? String(index % 9) : index % 9,
      plan_tier: index % 2 === 0 ? "free" : "plus",
      gift: random() < 0.3,
      tags: ["new", "sale"],
      ordered_at: "2026-11-23T10:00:00.000Z",
    },
  });
}
