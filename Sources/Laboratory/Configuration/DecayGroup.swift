import Networks
import Settings

/// Parameters that may be exempt from weight decay: a role, or all of the token loss.
package enum DecayGroup: Setting, Equatable {
  /// All parameters of a role.
  case role(Parameter.Role)
  /// All parameters of the token loss, whatever their role.
  case head

  /// All parameters of a role.
  package init(_ role: Parameter.Role) { self = .role(role) }

  /// "one of weights, ..."
  package static var kind: String { "one of \(choices.joined(separator: ", "))" }
  /// The names of all roles, and "head".
  package static var choices: [String] { Parameter.Role.allCases.map(\.rawValue) + ["head"] }
  /// Reads a name; nil for what is none.
  package init?(_ value: SettingValue) {
    guard let text = value.text else { return nil }
    if text == "head" {
      self = .head
    } else {
      guard let role = Parameter.Role(rawValue: text) else { return nil }
      self = .role(role)
    }
  }
  /// The name.
  package var yaml: String {
    switch self {
    case .role(let role): role.rawValue
    case .head: "head"
    }
  }
}
