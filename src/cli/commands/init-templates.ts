// The first plan and configuration, as text with comments: people read these more often than any documentation.

export interface InitAnswers {
  readonly name: string;
  readonly clients: readonly string[];
  readonly servers: readonly string[];
  readonly userId: "uuid" | "ulid" | "integer";
}

/** A plan with one of each thing, ready to be changed. */
export function planTemplate({ name, clients, servers, userId }: InitAnswers): string {
  const sources = [
    ...clients.map((id) => `  ${id}: { trust: client }`),
    ...servers.map((id) => `  ${id}: { trust: server }`),
  ];
  const all = [...clients, ...servers].map((id) => `${id}: {}`).join(", ");
  const owner = clients.length > 0 ? "client" : "server";
  return `# yaml-language-server: $schema=./node_modules/plumbline/plan.schema.json
plumbline: 1
name: ${name}

defaults:
  unknown_event: quarantine      # accept | quarantine | drop
  unknown_property: strip        # accept | strip | quarantine
  invalid_property: quarantine   # accept | strip | quarantine
  naming: { event: Sentence case, property: snake_case }

# Where data comes from. A source is known by its token, never by what the payload says.
sources:
${sources.join("\n")}

# A user id never changes and says nothing about the person. E-mail addresses and phone numbers are refused.
identity:
  user_id: { format: ${userId} }
  reset_on: [userSignsOut]

# One wire name has one type in the whole plan: define it here, refer to it in events.
properties:
  plan_tier:
    type: string
    enum: [free, pro, team]
    was: [planTier, Plan Tier]   # spellings that old releases still send
    data: none
    description: What the customer pays for

events:
  userSignsUp:
    name: User signs up          # what the provider stores; the key above is the code name
    description: The account exists for the first time
    owner: growth
    sources: { ${all} }
    was: [User Signed Up, user_signs_up]
    properties:
      plan_tier: required
      newsletter: { type: boolean, data: none, description: Wants the newsletter }

  userSignsOut:
    name: User signs out
    description: The person signed out on this device
    owner: growth
    sources: { ${all} }

# The user profile. What the database knows belongs to \`state\`; no client can overwrite it.
people:
  plan_tier: { type: string, enum: [free, pro, team], data: none, owner: state, description: What the customer pays for }
  theme: { type: string, enum: [light, dark], data: none, owner: ${owner}, description: Colours chosen in the app }
`;
}

/** A configuration that works with \`plumbline emulator\`, without any account. */
export function configTemplate({ clients, servers }: InitAnswers): string {
  const lines = [
    ...clients.map((id) =>
      id === "web"
        ? `  ${id}: { token: ${id}_token, origins: ["http://localhost:3000"] }   # pages that may send`
        : `  ${id}: { token: ${id}_token }`,
    ),
    ...servers.map((id) => `  ${id}: { token: ${id}_token }`),
  ];
  return `# Where the gateway listens and delivers. Secrets come from the environment: "\${NAME}".
plumbline: 1
plan: plan.yaml
data: .plumbline                 # journal and quarantine: personal data, keep it out of git
listen: 127.0.0.1:8080
admin: { listen: 127.0.0.1:8090 }

# The token that each app is configured with, instead of Mixpanel's.
sources:
${lines.join("\n")}

# A local Mixpanel (\`plumbline emulator\`). For the real one: host, token and project_id of your project, and a service account.
destinations:
  product:
    kind: mixpanel
    host: "http://127.0.0.1:8081"
    token: mp_project_token
    # project_id: 1
    # service_account: { username: "\${MIXPANEL_USER}", secret: "\${MIXPANEL_SECRET}" }
`;
}
