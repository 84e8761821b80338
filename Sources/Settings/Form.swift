/// Which values a kind of setting takes, in the words of a schema; `Setting.kind` says the same to people.
public indirect enum Form: Hashable, Sendable {
  /// Nothing is known but that it is a value.
  case anything
  case text
  case whole
  case number
  case flag
  case choice([String])
  case list(Form)
  case either([Form])
}
