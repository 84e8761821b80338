import Autoregression
import Settings
import Tensors

/// Every component with all of its settings, found by constructing each from its own example and its choices.
public struct Catalogue {
  package struct Entry {
    let role: String, key: String, about: About, file: String
    let survey: SettingsDiscovery
    /// Why its example does not construct; nil when it does.
    var failure: String? { survey.failure }
    /// Those that have a value; a mapping has none of its own.
    var settings: [SettingsDiscovery.Found] { survey.found.filter { !$0.forms.isEmpty } }
  }
  let registry: Registry
  let all: [Entry]

  public init(_ registry: Registry) {
    self.registry = registry
    all = registry.entries.map { entry in
      Entry(
        role: entry.role, key: entry.key, about: entry.type.about, file: entry.file,
        survey: SettingsDiscovery(
          entry.key, example: entry.type.about.example, attempts: ProbeContext.all.map { $0.attempt(entry.type) }))
    }
  }

  /// Components whose own example does not make them: key and why. None, if all is well.
  public var failures: [String] {
    all.compactMap { entry in entry.failure.map { "\(entry.role) \(entry.key): \($0)" } }
  }

  package var names: [String] { Array(Set(all.map(\.role) + all.map(\.key))) }

  package func entries(_ name: String?) -> [Entry] {
    name.map { name in all.filter { $0.role == name || $0.key == name } } ?? all
  }

  package func text(_ name: String?, json: Bool) -> String {
    json
      ? "[\n" + entries(name).map(object).joined(separator: ",\n") + "\n]"
      : entries(name).map(paragraph).joined(separator: "\n\n")
  }

  private func paragraph(_ entry: Entry) -> String {
    var lines = ["\(entry.role) \(entry.key)  (\(entry.file))", "  \(entry.about.summary)"]
    if let source = entry.about.source { lines.append("  Source: \(source)") }
    for setting in entry.settings {
      let kind = [setting.kind, setting.bounds].compactMap { $0 }.joined(separator: ", ")
      let fallback = setting.default ?? (setting.isRequired ? "(required)" : "(depends)")
      lines.append("    \(setting.path): \(fallback)   \(setting.about) (\(kind))")
    }
    if let failure = entry.failure { lines.append("  " + failure) }
    return lines.joined(separator: "\n")
  }

  private func object(_ entry: Entry) -> String {
    let settings = entry.settings.map { setting in
      JSON.object([
        ("key", .text(setting.path)), ("kind", .text(setting.kind)),
        ("default", setting.default.map(JSON.text) ?? .null), ("required", .bool(setting.isRequired)),
        ("range", setting.bounds.map(JSON.text) ?? .null), ("choices", .list(setting.choices.map(JSON.text))),
        ("about", .text(setting.about)),
      ]).line
    }
    return
      "  {\"role\": \(JSON.text(entry.role)), \"key\": \(JSON.text(entry.key)), \"summary\": \(JSON.text(entry.about.summary)), "
      + "\"source\": \(entry.about.source.map(JSON.text) ?? "null"), \"file\": \(JSON.text(entry.file)),\n   \"settings\": ["
      + settings.joined(separator: ", ") + "]}"
  }
}

/// What a component is told of the others when it is made, small.
private struct ProbeContext {
  let side: Int
  let space: TokenSpace
  /// Whether places are fed the token before, there are several levels, and the condition is a vector.
  let isShifted: Bool

  /// Together they lead every component down all of its ways.
  static let all = [
    ProbeContext(side: 4, space: TokenSpace(width: 4), isShifted: false),
    ProbeContext(side: 8, space: TokenSpace(width: 6, vocabulary: 16), isShifted: true),
  ]

  func attempt(_ type: any Component.Type) -> SettingsDiscovery.Attempt {
    { settings throws in
      var random = Random(seed: 1)
      let grid = Grid(height: side, width: side), images = ImageShape(height: 8 * side, width: 8 * side)
      let levels = isShifted ? 4 : 1
      let slots = Slot.cells(of: grid).enumerated().map { index, slot in
        Slot(row: slot.row, column: slot.column, level: index % levels, position: slot.position)
      }
      let layout = Layout(
        grid: grid, slots: slots, groups: Array(repeating: 0, count: grid.count), shift: isShifted ? 1 : 0,
        levels: levels)
      let shape = BackboneShape(
        layout: layout, space: space, prefixCount: isShifted ? 0 : 1, hasVector: isShifted, feedsCodes: isShifted)
      switch type {
      case let type as any RegressionDirection.Type: _ = try type.init(&settings, over: grid)
      case let type as any Tokenizer.Type: _ = try type.init(&settings, images: images, layout: layout, &random)
      case let type as any TokenLoss.Type: _ = try type.init(&settings, of: space, from: 8, levels: levels, &random)
      case let type as any Backbone.Type: _ = try type.init(&settings, for: shape, &random)
      case let type as any Conditioner.Type: _ = try type.init(&settings, classes: 4, width: 8, &random)
      case let type as any ImageDataset.Type: _ = try type.init(&settings)
      case let type as any Metric.Type: _ = try type.init(&settings)
      default: break
      }
    }
  }
}
