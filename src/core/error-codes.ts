// Every error code of the project with its hint. Codes are public API: never reused, never renamed.
// `docs/errors.md` is generated from this table. Keep the table sorted by part, then by code.

export const ERROR_HINTS = {
  // core
  INTERNAL: "This is a bug in Plumbline. Please report it with the command and the stack.",
  // cli
  ADDRESS_UNUSABLE:
    "Stop what listens there, or choose another address: `listen` and `admin.listen` in the configuration, or `--port`.",
  CONFIG_MISSING: "Run `plumbline init`, or name the file with `--config`.",
  EXPORT_REFUSED:
    "Look at `host`, `project_id` and `service_account` of the destination, and at the dates; after a 429 wait an hour.",
  FILE_EXISTS: "Choose another folder, or pass `--force` to overwrite.",
  FILE_UNWRITABLE: "Name a file in a folder that is there and that this user may write to.",
  GIT_MISSING: "Install git, or name files instead of refs: a plan, or a lock of `plumbline compile`.",
  GIT_NOT_A_REPOSITORY:
    "Run it inside the repository of the plan, or name a plan file or a lock instead of a ref.",
  GIT_PLAN_MISSING: "Name the file as it was called there, as in `main:old/plan.yaml`.",
  GIT_REF_UNKNOWN: "Fetch it first; a shallow clone in CI needs its whole history (`fetch-depth: 0`).",
  INPUT_EMPTY:
    "Look at the input: one JSON object a line, with `event` and `properties`; docs/guide/inferring-a-plan.md lists the shapes.",
  INPUT_UNREADABLE:
    "Name a file that is there and that this user may read; `plumbline infer` also takes `-` for stdin, `--export` or `--gateway`.",
  JOURNAL_MISSING: "Start the gateway once with `plumbline up`, or name its configuration with `--config`.",
  PIPELINE_FAILED:
    "Look at the log above; the gateway keeps receiving, and what it received is safe in the journal.",
  RECORD_UNKNOWN: "List the ids with `plumbline quarantine list --each`.",
  // codegen
  GENERATE_ADAPTER_UNKNOWN: "Adapters of each language are listed in docs/guide/generated-clients.md.",
  GENERATE_LANGUAGE_UNKNOWN:
    "Name a language of docs/guide/generated-clients.md, or a file whose default export is a generator.",
  GENERATE_NAME_COLLISION: "Give one of the two another id in the plan; names on the wire may stay.",
  GENERATE_NOTHING: "Give a source `generate: { language, out }` in the plan.",
  GENERATE_TRUST_UNSUPPORTED:
    "Choose another language for this source, or another trust: docs/guide/generated-clients.md has the table.",
  // providers
  LEXICON_BUSY: "Run it again in a minute: it goes on where it stopped. `--wait` lets it wait longer.",
  LEXICON_REFUSED:
    "The service account needs to be owner or admin of the project; project_id and host have to fit.",
  LEXICON_UNREACHABLE:
    "Look at the destination's `host` and at the network, and run it again when it answers.",
  // scan
  SCAN_BASELINE_INVALID: "Give the output of an earlier `plumbline scan --json`.",
  SCAN_GRAMMAR_MISSING: "Run `npm install --save-dev web-tree-sitter@0.25.10 tree-sitter-wasms@0.1.13`.",
  // emulator
  EMULATOR_FAULT_INVALID: "Faults are described in docs/guide/emulator.md.",
  EMULATOR_SWITCH_UNKNOWN: "Switches are described in docs/guide/emulator.md.",
  // gateway
  GEO_FILE_UNREADABLE: "Point `geo.maxmind` at a MaxMind City file (.mmdb) that this user may read.",
  // journal
  JOURNAL_FULL:
    "Free disk space, raise the journal's size limit, or bring back the destination that keeps its backlog.",
  JOURNAL_IO: "Look at the disk and at the system log; the journal works again once writing succeeds.",
  JOURNAL_LOCKED: "Another gateway uses this data folder. Stop it, or give each its own `data`.",
  JOURNAL_UNREADABLE:
    "The broken files were moved aside and kept. Restore a backup, or start again without them.",
  // cleanup
  CLEANUP_BACKUP_BROKEN:
    "Bring the run's folder back from a copy. Without its backup nothing of the step can be undone, and apply does not go on.",
  CLEANUP_CHANGED_SINCE:
    "Give the changed set a new name, or finish the run with the file, plan and destination that it began with.",
  CLEANUP_LOCKED: "Wait for the other run, or stop it.",
  CLEANUP_NOT_APPLIED: "Apply the change set first; look at `data` in the configuration.",
  CLEANUP_OPERATION_UNKNOWN:
    "Operations are listed in docs/guide/cleaning-up.md; some have to be switched on.",
  CLEANUP_REFUSED:
    "Look at host, token, `project_id` and `service_account` of the destination; then run it again: it goes on where it stopped.",
  CLEANUP_STATE_OWNED:
    "Take the step out: the people sync writes this property. `plumbline people reconcile` repairs what differs.",
  CLEANUP_STOPPED: "Run it again: it goes on where it stopped.",
  CLEANUP_SURPRISE:
    "Look at what is different; then correct `expect` in the change set, or make it anew with `plumbline clean plan`.",
  CLEANUP_TOO_MANY_FAILURES:
    "Look at the reasons in the report; when they are understood, run it again with a higher `--max-failures`.",
  CLEANUP_UNOFFICIAL_OFF:
    "Deleting events and drop filters go over an API that Mixpanel does not document: switch it on with `destinations.<name>.unofficial: true`, or take the step out.",
  CLEANUP_WAIT_TOO_LONG: "Run it again later: it goes on where it stopped. `--wait` lets it wait longer.",
  // people
  PEOPLE_DATABASE_UNREACHABLE:
    "Look at `people.database` and `people.state`: host, port, user and password, and that the server takes connections.",
  PEOPLE_PLAN_NOT_IN_FORCE:
    "Run it with the plan that the running sync has: deploy the plan first, or check out the version that is deployed.",
  PEOPLE_ERASURE_UNKNOWN: "Begin it with `plumbline people erase <user-id> --apply`.",
  PEOPLE_NOT_RUNNING:
    "Look at `/readyz` of the admin port, or run `plumbline people doctor`: it says what is missing.",
  PEOPLE_NOT_SET_UP:
    "Run `plumbline people doctor` to see what is missing, and `plumbline people setup --apply`.",
  PEOPLE_READ_BACK_MISSING:
    "Give the destination `project_id` and `service_account`: profiles cannot be read with a token alone.",
  PEOPLE_SETUP_FAILED:
    "Look at Postgres's log for the statement, then run it again: it goes on with what is missing. `plumbline people doctor` prints the SQL.",
  PEOPLE_SLOT_IN_USE: "Stop every `plumbline up` that follows this database, then run it again.",
  PEOPLE_USER_ID_INVALID: "Give the id as it stands in the users' table.",
  // plan
  PLAN_EVENT_UNKNOWN: "Name an event by its id, the key under `events` in the plan.",
  PLAN_LOCK_INVALID: "Compile the plan again with `plumbline compile`; a lock is never edited by hand.",
  PLAN_PATTERN_UNSUPPORTED: "Write the pattern in RE2 syntax: no look-around and no back-references.",
  RENAME_AMBIGUOUS: "Name one of the places, as in `events.orderPlaced.total`.",
  RENAME_ID_UNKNOWN: "Name an id, the key in the plan; `plumbline export` lists them.",
  RENAME_NAME_TAKEN: "Choose another name, or rename what has it first.",
  RENAME_NOT_HERE: "Rename the shared property: every event that refers to it follows.",
} as const;

/** One of the codes in {@link ERROR_HINTS}. */
export type ErrorCode = keyof typeof ERROR_HINTS;
