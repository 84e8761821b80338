import Autoregression
import Settings
import Tensors

/// Every component with its settings, found by constructing each from its own example.
public struct Catalogue {
  struct Entry {
    let role: String, key: String, about: About, file: String
    let settings: [(section: String, reading: Reading)]
    /// Why its example does not construct; nil when it does.
    let failure: String?
  }
  let all: [Entry]

  public init(_ registry: Registry) {
    all = registry.entries.map { entry in
      let (settings, failure) = Self.settings(of: entry)
      return Entry(
        role: entry.role, key: entry.key, about: entry.type.about, file: entry.file, settings: settings,
        failure: failure)
    }
  }

  /// Components whose own example does not make them: key and why. None, if all is well.
  public var failures: [String] {
    all.compactMap { entry in entry.failure.map { "\(entry.role) \(entry.key): \($0)" } }
  }

  var names: [String] { Array(Set(all.map(\.role) + all.map(\.key))) }

  func entries(_ name: String?) -> [Entry] {
    name.map { name in all.filter { $0.role == name || $0.key == name } } ?? all
  }

  /// Constructs a component from its example, over continuous tokens or else over codes.
  private static func settings(of entry: Registry.Entry) -> ([(section: String, reading: Reading)], String?) {
    let continuous = settings(of: entry, over: TokenSpace(width: 4))
    guard continuous.1 != nil else { return continuous }
    let coded = settings(of: entry, over: TokenSpace(width: 4, vocabulary: 16))
    return coded.1 == nil ? coded : continuous
  }

  /// Constructs a component from its example, over a small grid, and gives what it read.
  private static func settings(of entry: Registry.Entry, over space: TokenSpace) -> (
    [(section: String, reading: Reading)], String?
  ) {
    do throws(SettingsError) {
      var settings = try Settings(parsing: entry.type.about.example, file: entry.key)
      var random = Random(seed: 1)
      let grid = Grid(height: 4, width: 4), images = ImageShape(height: 32, width: 32)
      let layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: 16))
      let shape = BackboneShape(layout: layout, space: space, prefixCount: 1, hasVector: false)
      switch entry.type {
      case let type as any RegressionDirection.Type: _ = try type.init(&settings, over: grid)
      case let type as any Tokenizer.Type: _ = try type.init(&settings, images: images, layout: layout, &random)
      case let type as any TokenLoss.Type: _ = try type.init(&settings, of: space, from: 8, levels: 4, &random)
      case let type as any Backbone.Type: _ = try type.init(&settings, for: shape, &random)
      case let type as any Conditioner.Type: _ = try type.init(&settings, classes: 4, width: 8, &random)
      case let type as any ImageDataset.Type: _ = try type.init(&settings)
      case let type as any Metric.Type: _ = try type.init(&settings)
      default: break
      }
      try settings.finish()
      return (settings.reads, nil)
    } catch { return ([], "\(error)") }
  }

  func text(_ name: String?, json: Bool) -> String {
    json
      ? "[\n" + entries(name).map(object).joined(separator: ",\n") + "\n]"
      : entries(name).map(paragraph).joined(separator: "\n\n")
  }

  private func paragraph(_ entry: Entry) -> String {
    var lines = ["\(entry.role) \(entry.key)  (\(entry.file))", "  \(entry.about.summary)"]
    if let source = entry.about.source { lines.append("  Source: \(source)") }
    for (section, reading) in entry.settings where reading.yaml != nil {
      let key = section.isEmpty ? reading.key : "\(section).\(reading.key)"
      let kind = [reading.kind, reading.bounds].compactMap { $0 }.joined(separator: ", ")
      lines.append("    \(key): \(reading.yaml ?? "")   \(reading.about) (\(kind))")
    }
    if let failure = entry.failure { lines.append("  " + failure) }
    return lines.joined(separator: "\n")
  }

  private func object(_ entry: Entry) -> String {
    let settings = entry.settings.filter { $0.reading.yaml != nil }.map { section, reading in
      let key = section.isEmpty ? reading.key : "\(section).\(reading.key)"
      let choices = reading.choices.map(JSON.text).joined(separator: ", ")
      return
        "{\"key\": \(JSON.text(key)), \"kind\": \(JSON.text(reading.kind)), \"default\": \(JSON.text(reading.yaml ?? "")), "
        + "\"range\": \(reading.bounds.map(JSON.text) ?? "null"), \"choices\": [\(choices)], \"about\": \(JSON.text(reading.about))}"
    }
    return
      "  {\"role\": \(JSON.text(entry.role)), \"key\": \(JSON.text(entry.key)), \"summary\": \(JSON.text(entry.about.summary)), "
      + "\"source\": \(entry.about.source.map(JSON.text) ?? "null"), \"file\": \(JSON.text(entry.file)),\n   \"settings\": ["
      + settings.joined(separator: ", ") + "]}"
  }
}
