// The plan that the end-to-end tests run under: small, with one of each trouble.

export const PLAN = `
plumbline: 1
name: e2e
sources:
  web: { trust: client }
  api: { trust: server }
identity:
  user_id: { format: uuid }
properties:
  plan_tier: { type: string, enum: [free, pro], was: [planTier], data: none, description: Tier }
events:
  userSignsUp:
    name: User signs up
    description: The account exists
    owner: growth
    sources: { web: {}, api: {} }
    was: [User Signed Up]
    properties:
      plan_tier: required
      newsletter: { type: boolean, data: none, description: Wants mail }
  pageLeft:
    name: Page left
    description: The visitor went away
    owner: growth
    sources: { web: {} }
  orderCompleted:
    name: Order completed
    description: Paid
    owner: payments
    sources: { api: {} }
    properties:
      total: { type: number, min: 0, presence: required, data: none, description: Euros }
people:
  plan_tier: { type: string, enum: [free, pro], data: none, owner: server, description: Tier }
  orders_count: { type: integer, data: none, owner: server, description: Orders }
  tags: { type: list, items: { type: string }, data: none, owner: server, description: Tags }
  theme: { type: string, enum: [light, dark], data: none, owner: client, sources: [web], description: Colours }
  email: { name: $email, type: string, format: email, data: contact, owner: state, description: Address }
`;

export const USER = "5f0c2b8e-3c0a-4a53-9f44-0a5d2f5b7c11";
export const OTHER_USER = "5f0c2b8e-3c0a-4a53-9f44-0a5d2f5b7c22";
