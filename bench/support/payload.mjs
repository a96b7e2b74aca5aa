// What a browser sends: form, base64, JSON; events of a shop with twelve properties of their own and the SDK's.
let counter = 0;

export function makeEvent(token = "web_token") {
  counter += 1;
  const device = `00000000-0000-4000-8000-${(counter % 5000).toString(16).padStart(12, "0")}`;
  return {
    event: "Order completed",
    properties: {
      $os: "Linux",
      $browser: "Chrome",
      $current_url: "https://shop.example/checkout",
      $browser_version: 141,
      $screen_height: 1080,
      $screen_width: 1920,
      mp_lib: "web",
      $lib_version: "2.83.0",
      $insert_id: `b${process.pid.toString(36)}x${counter.toString(36)}`,
      time: Date.now() / 1000,
      distinct_id: `$device:${device}`,
      $device_id: device,
      token,
      order_id: `o-${counter}`,
      plan_tier: "pro",
      total: 129.9,
      item_count: 3,
      first_order: false,
      coupon: "SPRING",
      tags: ["new", "sale"],
      currency: "EUR",
      channel: "organic",
      gift: true,
      shipping: 4.9,
      warehouse: "north",
    },
  };
}

export function makeBody(batch, token) {
  const events = Array.from({ length: batch }, () => makeEvent(token));
  return `data=${encodeURIComponent(Buffer.from(JSON.stringify(events)).toString("base64"))}`;
}

const none = "data: none, description: x";

/** The plan that these events fit. */
export const PLAN = `
plumbline: 1
name: bench
sources: { web: { trust: client } }
identity: { user_id: { format: uuid } }
events:
  orderCompleted:
    name: Order completed
    description: Paid
    owner: bench
    sources: { web: {} }
    properties:
      order_id: { type: string, max_length: 36, presence: required, ${none} }
      plan_tier: { type: string, enum: [free, pro, team], ${none} }
      total: { type: number, min: 0, ${none} }
      item_count: { type: integer, min: 1, max: 99, ${none} }
      first_order: { type: boolean, ${none} }
      coupon: { type: string, ${none} }
      tags: { type: list, items: { type: string }, max_items: 10, ${none} }
      currency: { type: string, pattern: "^[A-Z]{3}$", ${none} }
      channel: { type: string, ${none} }
      gift: { type: boolean, ${none} }
      shipping: { type: number, ${none} }
      warehouse: { type: string, ${none} }
`;
