// Worked examples of every row of the change table: the test runs them, the guide shows them.
import type { ChangeKind } from "../../src/plan/index.ts";

export interface DiffExample {
  readonly kinds: readonly ChangeKind[];
  /** Sections of a plan, in YAML, laid over {@link FRAME}. */
  readonly before: string;
  readonly after: string;
}

/** What every example has besides. */
export const FRAME: Readonly<Record<string, string>> = {
  plumbline: "plumbline: 1",
  name: "name: shop",
  sources: "sources: { web: { trust: client }, ios: { trust: client }, api: { trust: server } }",
  identity: "identity: { user_id: { format: uuid } }",
};

const WEB = "sources: [web], owner: shop, description: It happened";
const text = "type: string, data: none, description: A text";

function event(properties: string, more = ""): string {
  return `events:\n  itemAdded:\n    name: Item added\n    ${WEB.split(", ").join("\n    ")}${more === "" ? "" : `\n    ${more}`}\n    properties:\n      ${properties}`;
}

function person(definition: string): string {
  return `people:\n  tier: { ${definition} }`;
}

export const EXAMPLES: readonly DiffExample[] = [
  {
    kinds: ["event-added"],
    before: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
    after:
      "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }\n  cartOpened: { name: Cart opened, sources: [web], owner: shop, description: It is shown }",
  },
  {
    kinds: ["property-added"],
    before: event(`cart_id: { ${text} }`),
    after: event(`cart_id: { ${text} }\n      coupon: { ${text} }`),
  },
  {
    kinds: ["profile-property-added"],
    before: person(`type: string, owner: state, data: none, description: Plan`),
    after: `${person("type: string, owner: state, data: none, description: Plan")}\n  theme: { type: string, owner: client, data: none, description: Colours }`,
  },
  {
    kinds: ["required-property-added"],
    before: event(`cart_id: { ${text} }`),
    after: event(
      `cart_id: { ${text} }\n      amount: { type: integer, presence: required, data: none, description: In cents }`,
    ),
  },
  {
    kinds: ["property-now-required"],
    before: event(`cart_id: { ${text} }`),
    after: event(`cart_id: { ${text}, presence: required }`),
  },
  {
    kinds: ["property-now-optional"],
    before: event(`cart_id: { ${text}, presence: required }`),
    after: event(`cart_id: { ${text} }`),
  },
  {
    kinds: ["property-removed"],
    before: event(`cart_id: { ${text} }\n      coupon: { ${text} }`),
    after: event(`cart_id: { ${text} }`),
  },
  {
    kinds: ["type-changed"],
    before: event("amount: { type: string, data: none, description: In cents }"),
    after: event("amount: { type: boolean, data: none, description: In cents }"),
  },
  {
    kinds: ["constraint-narrowed"],
    before: event("cart_id: { type: string, max_length: 64, data: none, description: Id }"),
    after: event("cart_id: { type: string, max_length: 32, data: none, description: Id }"),
  },
  {
    kinds: ["constraint-widened"],
    before: event("amount: { type: integer, min: 0, data: none, description: In cents }"),
    after: event("amount: { type: number, min: 0, data: none, description: In cents }"),
  },
  {
    kinds: ["enum-value-added"],
    before: event("tier: { type: string, enum: [free, pro], data: none, description: Plan }"),
    after: event("tier: { type: string, enum: [free, pro, team], data: none, description: Plan }"),
  },
  {
    kinds: ["open-enum-value-added"],
    before: event("paid_by: { type: string, enum: [card], open: true, data: none, description: Means }"),
    after: event(
      "paid_by: { type: string, enum: [card, paypal], open: true, data: none, description: Means }",
    ),
  },
  {
    kinds: ["enum-value-removed"],
    before: event("tier: { type: string, enum: [free, pro, team], data: none, description: Plan }"),
    after: event("tier: { type: string, enum: [free, pro], data: none, description: Plan }"),
  },
  {
    kinds: ["open-enum-value-removed"],
    before: event(
      "paid_by: { type: string, enum: [card, cheque], open: true, data: none, description: Means }",
    ),
    after: event("paid_by: { type: string, enum: [card], open: true, data: none, description: Means }"),
  },
  {
    kinds: ["event-renamed"],
    before: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
    after:
      "events:\n  itemAdded: { name: Item put into cart, was: [Item added], sources: [web], owner: shop, description: One more }",
  },
  {
    kinds: ["event-renamed-without-was"],
    before: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
    after:
      "events:\n  itemAdded: { name: Item put into cart, sources: [web], owner: shop, description: One more }",
  },
  {
    kinds: ["property-renamed"],
    before: event(`cart: { ${text} }`),
    after: event(`cart_id: { ${text}, was: [cart] }`),
  },
  {
    kinds: ["profile-property-renamed"],
    before: person("type: string, owner: state, data: none, description: Plan"),
    after: person("name: plan_tier, was: [tier], type: string, owner: state, data: none, description: Plan"),
  },
  {
    kinds: ["profile-property-renamed-without-was"],
    before: person("type: string, owner: state, data: none, description: Plan"),
    after: person("name: plan_tier, type: string, owner: state, data: none, description: Plan"),
  },
  {
    kinds: ["event-removed"],
    before:
      "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }\n  cartOpened: { name: Cart opened, sources: [web], owner: shop, description: It is shown }",
    after: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
  },
  {
    kinds: ["event-replaced", "event-added"],
    before:
      "events:\n  oldCheckout: { name: Checkout clicked, sources: [web], owner: shop, description: A click }",
    after:
      "events:\n  checkoutStarted: { name: Checkout started, was: [Checkout clicked], sources: [web], owner: shop, description: The form is shown }",
  },
  {
    kinds: ["profile-property-removed"],
    before: `${person("type: string, owner: state, data: none, description: Plan")}\n  theme: { type: string, owner: client, data: none, description: Colours }`,
    after: person("type: string, owner: state, data: none, description: Plan"),
  },
  {
    kinds: ["event-deprecated"],
    before:
      "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }\n  addClicked: { name: Add clicked, sources: [web], owner: shop, description: A click }",
    after:
      "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }\n  addClicked: { name: Add clicked, sources: [web], owner: shop, description: A click, deprecated: { to: itemAdded, since: 2.0.0, remove_after: 2099-01-01 } }",
  },
  {
    kinds: ["event-no-longer-deprecated"],
    before:
      "events:\n  addClicked: { name: Add clicked, sources: [web], owner: shop, description: A click, deprecated: { since: 2.0.0, remove_after: 2099-01-01, gateway: accept } }",
    after: "events:\n  addClicked: { name: Add clicked, sources: [web], owner: shop, description: A click }",
  },
  {
    kinds: ["deprecated-now-dropped"],
    before:
      "events:\n  addClicked: { name: Add clicked, sources: [web], owner: shop, description: A click, deprecated: { since: 2.0.0, remove_after: 2099-01-01, gateway: accept } }",
    after:
      "events:\n  addClicked: { name: Add clicked, sources: [web], owner: shop, description: A click, deprecated: { since: 2.0.0, remove_after: 2099-01-01, gateway: drop } }",
  },
  {
    kinds: ["old-name-forgotten"],
    before:
      "events:\n  itemAdded: { name: Item added, was: [Add to cart], sources: [web], owner: shop, description: One more }",
    after: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
  },
  {
    kinds: ["old-name-added"],
    before: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
    after:
      "events:\n  itemAdded: { name: Item added, was: [Add to cart], sources: [web], owner: shop, description: One more }",
  },
  {
    kinds: ["owner-tightened"],
    before: person("type: string, owner: client, data: none, description: Plan"),
    after: person("type: string, owner: state, data: none, description: Plan"),
  },
  {
    kinds: ["owner-loosened"],
    before: person("type: string, owner: server, data: none, description: Plan"),
    after: person("type: string, owner: client, data: none, description: Plan"),
  },
  {
    kinds: ["owner-changed"],
    before: person("type: string, owner: server, data: none, description: Plan"),
    after: person("type: string, owner: state, data: none, description: Plan"),
  },
  {
    kinds: ["operation-removed", "operation-added"],
    before: person("type: string, owner: client, operations: [$set], data: none, description: Plan"),
    after: person("type: string, owner: client, operations: [$set_once], data: none, description: Plan"),
  },
  {
    kinds: ["data-class-stricter"],
    before: `data_classes: { secret: { gateway: drop } }\n${event("note: { type: string, data: none, description: A note }")}`,
    after: `data_classes: { secret: { gateway: drop } }\n${event("note: { type: string, data: secret, description: A note }")}`,
  },
  {
    kinds: ["data-class-looser"],
    before: `data_classes: { secret: { gateway: drop } }\n${event("note: { type: string, data: secret, description: A note }")}`,
    after: `data_classes: { secret: { gateway: drop } }\n${event("note: { type: string, data: none, description: A note }")}`,
  },
  {
    kinds: ["data-class-changed"],
    before: `data_classes: { ours: {}, theirs: {} }\n${event("note: { type: string, data: ours, description: A note }")}`,
    after: `data_classes: { ours: {}, theirs: {} }\n${event("note: { type: string, data: theirs, description: A note }")}`,
  },
  {
    kinds: ["source-dropped"],
    before:
      "events:\n  itemAdded: { name: Item added, sources: [web, ios], owner: shop, description: One more }",
    after: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
  },
  {
    kinds: ["source-gained"],
    before: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
    after:
      "events:\n  itemAdded: { name: Item added, sources: [web, ios], owner: shop, description: One more }",
  },
  {
    kinds: ["plan-source-added"],
    before: "sources: { web: { trust: client } }",
    after: "sources: { web: { trust: client }, android: { trust: client } }",
  },
  {
    kinds: ["plan-source-removed"],
    before: "sources: { web: { trust: client }, android: { trust: client } }",
    after: "sources: { web: { trust: client } }",
  },
  {
    kinds: ["trust-changed"],
    before: "sources: { web: { trust: client }, jobs: { trust: client } }",
    after: "sources: { web: { trust: client }, jobs: { trust: server } }",
  },
  {
    kinds: ["user-id-changed"],
    before: "identity: { user_id: { format: uuid } }",
    after: 'identity: { user_id: { pattern: "^usr_[0-9A-Z]{26}$" } }',
  },
  {
    kinds: ["reset-changed"],
    before:
      "identity: { user_id: { format: uuid } }\nevents:\n  userSignsOut: { name: User signs out, sources: [web], owner: shop, description: Gone }",
    after:
      "identity: { user_id: { format: uuid }, reset_on: [userSignsOut] }\nevents:\n  userSignsOut: { name: User signs out, sources: [web], owner: shop, description: Gone }",
  },
  {
    kinds: ["policy-tightened"],
    before: "defaults: { unknown_event: accept }",
    after: "defaults: { unknown_event: quarantine }",
  },
  {
    kinds: ["policy-loosened"],
    before: "defaults: { unknown_event: quarantine }",
    after: "defaults: { unknown_event: accept }",
  },
  {
    kinds: ["described-anew"],
    before: "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more }",
    after:
      "events:\n  itemAdded: { name: Item added, sources: [web], owner: checkout, description: One more thing }",
  },
  {
    kinds: ["name-reused"],
    before: "events:\n  addClicked: { name: Item added, sources: [web], owner: shop, description: A click }",
    after:
      "events:\n  itemAdded: { name: Item added, sources: [web], owner: shop, description: One more in the cart }",
  },
  {
    kinds: ["id-reused"],
    before: event(`cart_id: { ${text} }`),
    after:
      "events:\n  itemAdded: { name: Wishlist grew, sources: [web], owner: shop, description: Something else, properties: { list_id: { type: string, data: none, description: Id } } }",
  },
];
