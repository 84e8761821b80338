import Settings

/// The description of a component, as `overtone components` prints it.
public struct About: Sendable {
  /// One sentence on what it does.
  public var summary: String
  /// The paper it comes from: "Yu et al. 2025, arXiv 2503.05305"; nil if it is from no paper.
  public var source: String?
  /// Settings that make a working one, as they would stand in a file: "levels: 4".
  public var example: String

  /// A description; the example is empty where no setting is required.
  public init(_ summary: String, source: String? = nil, example: String = "") {
    self.summary = summary
    self.source = source
    self.example = example
  }
}

/// A part of a model that an experiment file can name.
public protocol Component {
  /// The name in YAML.
  static var key: String { get }
  /// Former names in YAML: a file with one is refused with a message that names `key`.
  static var formerKeys: [String] { get }
  /// Its description.
  static var about: About { get }
  /// Mappings from public checkpoints to its parameters; none by default.
  static var checkpointMappings: [CheckpointMapping] { get }
}

extension Component {
  /// None.
  public static var formerKeys: [String] { [] }
  /// None.
  public static var checkpointMappings: [CheckpointMapping] { [] }
}
