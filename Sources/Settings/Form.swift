/// Which values a kind of setting takes, in the words of a schema; `Setting.kind` says the same to people.
public indirect enum Form: Hashable, Sendable {
  /// Nothing is known but that it is a value.
  case anything
  /// Any text.
  case text
  /// An integer, also in the notations 1e3, 0x1F and 0o17.
  case whole
  /// A finite real number.
  case number
  /// `true` or `false`.
  case flag
  /// One word of a list.
  case choice([String])
  /// A sequence of values of one form.
  case list(Form)
  /// A value of any of several forms.
  case either([Form])
}
