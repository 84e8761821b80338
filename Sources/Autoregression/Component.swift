import Settings

/// What people are told of a component: `overtone components` prints it.
public struct About: Sendable {
  /// One sentence.
  public var summary: String
  /// The paper it comes from: "Yu et al. 2025, arXiv 2503.05305"; nil if it is our own.
  public var source: String?
  /// Settings that make a working one, as they would stand in a file: "levels: 4".
  public var example: String

  public init(_ summary: String, source: String? = nil, example: String = "") {
    self.summary = summary
    self.source = source
    self.example = example
  }
}

/// Anything that an experiment file can name.
public protocol Component {
  /// The name in YAML.
  static var key: String { get }
  /// Former names in YAML: a file with one is refused with a message that names `key`.
  static var formerKeys: [String] { get }
  static var about: About { get }
  /// Families of public checkpoints whose weights it can take; none unless it says so.
  static var checkpointMappings: [CheckpointMapping] { get }
}

extension Component {
  public static var formerKeys: [String] { [] }
  public static var checkpointMappings: [CheckpointMapping] { [] }
}
