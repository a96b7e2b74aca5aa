// Names that a Ruby method or keyword of the generated client cannot have.
const KEYWORDS =
  "BEGIN END alias and begin break case class def defined do else elsif end ensure false for if in module next nil not or redo rescue " +
  "retry return self super then true undef unless until when while yield";

/** Keywords of Ruby 3, and what every generated method has. */
export const PARAMETER_RESERVED: ReadonlySet<string> = new Set(
  `${KEYWORDS} user_id time insert_id values value`.split(" "),
);

/** Keywords of Ruby 3, and methods that the client or every object has. */
export const METHOD_RESERVED: ReadonlySet<string> = new Set(
  (
    `${KEYWORDS} problem_count track attempt plain wire fail_with write_profile unset_profile send method methods object_id hash freeze ` +
    "dup clone display extend tap test initialize instance_eval instance_exec itself puts print p raise require loop lambda proc sleep " +
    "exit abort format open select system trap warn fork rand"
  ).split(" "),
);
