// The shop page. Release 2 tracks with the client that `plumbline generate` made from the plan.
// `?release=1` is a release from before the plan, with plain calls to the SDK: other names, other spellings, text where numbers belong.
import { userSignsOut, userSignsUp } from "../analytics/web/account";
import { mixpanelSink } from "../analytics/web/mixpanel-browser";
import { setTheme } from "../analytics/web/people";
import { connect, identify } from "../analytics/web/plumbline";
import { checkoutStarted, itemAddedToCart, productViewed } from "../analytics/web/shopping";

const old = new URLSearchParams(location.search).get("release") === "1";
const { gateway, token } = window.shopConfig;
// Always by `window.mixpanel`: the snippet puts a stub there, which the SDK replaces once it is loaded.
const products = [
  { id: "sku_101", name: "Brass plumb bob", price: 24.5 },
  { id: "sku_102", name: "Spirit level 60 cm", price: 39 },
  { id: "sku_103", name: "Chalk line", price: 12.9 },
  { id: "sku_104", name: "Laser cross", price: 119 },
];
const cart = [];
let user;

window.mixpanel.init(token, {
  api_host: gateway,
  batch_flush_interval_ms: 500,
  persistence: "localStorage",
  record_sessions_percent: 0,
});
window.mixpanel.register({ $app_version_string: old ? "1.4" : "2.1" });
connect({
  sink: mixpanelSink(() => window.mixpanel),
  onProblem: ({ id, at }) => console.warn(`tracking: ${id} at ${at}`),
});

const byId = (id) => document.getElementById(id);
const say = (text) => {
  byId("status").textContent = text;
};
byId("release").textContent = old ? "(release 1, from before the plan)" : "";

function showProduct(product) {
  if (old) window.mixpanel.track("View Product", { productId: product.id, Price: String(product.price) });
  else productViewed({ product_id: product.id, price: product.price });
}

function addToCart(product) {
  cart.push(product);
  byId("count").textContent = String(cart.length);
  byId("checkout").disabled = false;
  if (old)
    window.mixpanel.track("add_to_cart", { sku: product.id, qty: "1", gift_wrap: "true", debug_flag: "x" });
  else itemAddedToCart({ product_id: product.id, quantity: 1, price: product.price });
  say(`${product.name} is in the cart`);
}

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function signUp() {
  user = await post("/api/users", { plan_tier: "plus" });
  identify(user.id);
  if (old) window.mixpanel.track("User Signed Up", { planTier: "plus", newsletter: "false" });
  else userSignsUp({ plan_tier: "plus", newsletter: false });
  byId("sign-up").hidden = true;
  byId("sign-out").hidden = false;
  say("Signed up");
}

async function checkOut() {
  if (old) window.mixpanel.track("Checkout button clicked", { item_count: String(cart.length) });
  else checkoutStarted({ item_count: cart.length });
  if (!user) await signUp();
  const total = cart.reduce((sum, item) => sum + item.price, 0);
  await post("/api/orders", { user: user.id, items: cart.map(({ id }) => id), total, old });
  cart.length = 0;
  byId("count").textContent = "0";
  byId("checkout").disabled = true;
  say("Thank you for your order");
}

for (const product of products) {
  const card = document.createElement("article");
  const title = document.createElement("h2");
  title.textContent = product.name;
  const price = document.createElement("p");
  price.textContent = `€ ${product.price.toFixed(2)}`;
  const look = document.createElement("button");
  look.textContent = "Look";
  look.addEventListener("click", () => showProduct(product));
  const add = document.createElement("button");
  add.textContent = "Add to cart";
  add.addEventListener("click", () => addToCart(product));
  card.append(title, price, look, " ", add);
  byId("products").append(card);
}

byId("sign-up").addEventListener("click", () => signUp());
byId("checkout").addEventListener("click", () => checkOut());
byId("sign-out").addEventListener("click", () => {
  // Ends the session by itself: the plan has it in `identity.reset_on`.
  userSignsOut();
  user = undefined;
  byId("sign-up").hidden = false;
  byId("sign-out").hidden = true;
  say("Signed out");
});
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = "dark";
  setTheme("dark");
});
byId("unplanned").addEventListener("click", () =>
  window.mixpanel.track("Debug banner shown", { variant: 3 }),
);
byId("email-id").addEventListener("click", () => {
  window.mixpanel.identify("ada@example.com");
  window.mixpanel.track("Product viewed", { product_id: "sku_101" });
  window.mixpanel.reset();
});
byId("write-state").addEventListener("click", () =>
  window.mixpanel.people.set({ plan_tier: "free", theme: "light" }),
);
