/// The variants of one experiment file: what its block `sweep` and its list `seeds` make of it.
///
/// ```yaml
/// seeds: [1, 2, 3]
/// sweep:
///   grid: { training.batch: [32, 64], loss.use: [diffusion, l2] }   # every combination
///   zip: { backbone.width: [128, 256], backbone.depth: [4, 8] }     # first with first, second with second
///   variants:                                                       # by name
///     full: { direction: { target: full } }
///     band: { direction.target: band }
///   exclude: [{ training.batch: 32, loss.use: l2 }]                 # combinations that are left out
/// varies: [direction.target, training.batch, loss]                  # all that variants may differ in
/// expect: ["psnr: full > band"]                                     # what is expected of the results
/// ```
///
/// Each of the three may be taken away again by leaving it empty, as a scale of a common file does.
public struct Sweep: Sendable {
  /// One combination of settings that is run.
  public struct Variant: Sendable {
    /// The name of what varies: "band", "batch=32,loss=l2"; empty where nothing does.
    public let name: String
    /// The settings that it sets, as written in the file.
    public let choices: [Choice]
    /// The experiment with these settings, the overrides put over them.
    public let settings: Settings
  }
  /// One setting of a variant.
  public struct Choice: Equatable, Sendable {
    /// The dotted path of the setting: "training.batch".
    public let path: String
    /// The value in characters that fit the name of a folder: letters, digits and -_.+ .
    public let value: String
  }

  /// All variants in the order of running: named variants, then `zip`, then `grid` with the last axis varying fastest,
  /// then the seeds. Variants that an override makes equal appear once.
  public let variants: [Variant]
  /// Expectations of the result, one sentence each: "psnr: full > band".
  public let expectations: [(text: String, location: FileLocation)]
  /// The paths of `varies`, with the location of the list; nil where the file has none.
  public let varies: (paths: [String], location: FileLocation)?
  /// The names of all variants, those included that an override makes equal to another.
  public let names: [String]
  /// The path of the file, as it was given.
  public let file: String
  /// The scale that was chosen, if not by the file.
  public let scale: String?
  /// The overrides, as they were given.
  public let overrides: [String]
  /// The experiment of the file alone, without overrides and without `scale`; nil where nothing is put over it, where
  /// it has variants, and where it cannot be composed.
  public let baseSettings: Settings?

  /// Reads a file with the files it extends at one of its scales; throws where any variant cannot be composed.
  public init(file: String, scale: String? = nil, overrides: [String] = []) throws(SettingsError) {
    let composition = Composition { (path) throws(SettingsError) in try Settings.bytes(of: path) }
    let tree = try composition.tree(of: file, scale: scale)
    let plain = scale == nil ? tree : try? composition.tree(of: file, scale: nil)
    try self.init(tree, over: plain, file: file, scale: scale, overrides)
  }

  /// Reads the text of a file, whose `extends` and `scales` are not followed; `file` is its name in messages.
  public init(parsing text: String, file: String, overrides: [String] = []) throws(SettingsError) {
    let tree = try YAMLReader.tree(of: text, file: file)
    try self.init(tree, over: tree, file: file, scale: nil, overrides)
  }

  /// Reads bytes as a file would be read.
  package init(parsing bytes: [UInt8], file: String) throws(SettingsError) {
    let tree = try YAMLReader.tree(of: bytes, file: file)
    try self.init(tree, over: tree, file: file, scale: nil, [])
  }

  /// `plain` is the tree of the file without a chosen scale.
  private init(
    _ tree: YAMLNode, over plain: YAMLNode?, file: String, scale: String?, _ overrides: [String]
  ) throws(SettingsError) {
    guard case .mapping(let entries) = tree.content else {
      throw .malformed(tree.location, why: "an experiment is a mapping of keys to values, not \(tree.spoken).")
    }
    func block(_ key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }
    let base = Self.base(entries, at: tree.location)
    // Combinations first, then every combination with each seed: the seed varies fastest.
    var sets = try Self.combinations(block("sweep"))
    if let seeds = block("seeds"), !seeds.isNull {
      guard case .list(let values) = seeds.content, !values.isEmpty else {
        throw .malformed(seeds.location, why: "'seeds' takes a list of whole numbers, such as [1, 2, 3].")
      }
      try Self.check(sets.count * values.count, at: seeds.location)
      sets = sets.flatMap { set in
        values.map { Settled(name: set.name, parts: set.parts + [Part(path: "seed", value: $0)]) }
      }
    }
    guard sets.count == 1 || sets.count * base.size <= Self.mostNodes else {
      throw .malformed(
        tree.location, why: "\(sets.count) variants of \(base.size) values each are more than one file may make.")
    }
    var variants: [Variant] = []
    var seen: Set<String> = []
    for set in sets {
      var root = base
      for part in set.parts { root = Composition.put(part.tree, over: root) }
      let settings = try Settings(root, overrides)
      let choices = set.parts.map { Choice(path: $0.path, value: Self.spoken($0.value)) }
      // An override of what varies makes variants the same: one is enough.
      let identity = settings.identity
      guard seen.insert(identity).inserted else { continue }
      variants.append(Variant(name: set.name, choices: choices, settings: settings))
    }
    self.variants = variants
    names = sets.map(\.name)
    (self.file, self.scale, self.overrides) = (file, scale, overrides)
    baseSettings = scale == nil && overrides.isEmpty ? nil : plain.flatMap(Self.settings)
    expectations =
      try block("expect").map { (expect) throws(SettingsError) in
        try Self.texts(expect, "'expect' takes sentences such as \"psnr: full > band\".")
      } ?? []
    varies = try block("varies").map { (varies) throws(SettingsError) in
      (try Self.texts(varies, "'varies' takes paths of settings, such as loss.steps.").map(\.text), varies.location)
    }
  }

  /// A text, or the texts of a list, with their locations; throws `why` where there is something else.
  private static func texts(
    _ node: YAMLNode, _ why: String
  ) throws(SettingsError) -> [(text: String, location: FileLocation)] {
    let items = if case .list(let listed) = node.content { listed } else { [node] }
    return try items.map { (item) throws(SettingsError) in
      guard case .scalar(let text, _) = item.content, !item.isNull else { throw .malformed(item.location, why: why) }
      return (text, item.location)
    }
  }

  /// The experiment without what makes several runs of it.
  private static func base(_ entries: [YAMLNode.Entry], at location: FileLocation) -> YAMLNode {
    let others = ["sweep", "seeds", "varies", "expect", "bench"]
    return YAMLNode(content: .mapping(entries.filter { !others.contains($0.key) }), location: location)
  }

  /// The experiment of a file that has no variants; nil where it has some, or is none.
  private static func settings(_ tree: YAMLNode) -> Settings? {
    guard case .mapping(let entries) = tree.content,
      entries.first(where: { $0.key == "sweep" }).map({ $0.value.isNull }) ?? true
    else { return nil }
    return try? Settings(base(entries, at: tree.location), [])
  }

  // MARK: Combinations

  /// The most variants of a file, seeds included.
  private static let mostVariants = 10_000
  /// The most values of all variants together.
  private static let mostNodes = 20_000_000
  /// The most comparisons of a combination with a rule of `exclude`, and settings of all combinations.
  private static let mostTrials = 1_000_000

  /// Throws unless so many combinations of so many settings each may be made.
  private static func check(_ count: Int, parts: Int = 1, at location: FileLocation) throws(SettingsError) {
    guard count <= mostVariants, parts <= 1000, count * parts <= mostTrials / 10 else {
      throw .malformed(location, why: "these are more than \(mostVariants) combinations, or settings of them.")
    }
  }

  /// One thing that a variant sets.
  struct Part {
    var path: String
    var value: YAMLNode

    /// A mapping that holds nothing else.
    var tree: YAMLNode {
      path.split(separator: ".").reversed().reduce(value) { inner, key in
        YAMLNode(
          content: .mapping([YAMLNode.Entry(key: String(key), location: value.location, value: inner)]),
          location: value.location)
      }
    }
  }

  /// One combination: the name of its variant so far, and the settings to put over the base.
  private struct Settled {
    var name: String
    var parts: [Part]
  }

  /// The combinations of a block `sweep`; one without a name and without settings where there is no block.
  private static func combinations(_ sweep: YAMLNode?) throws(SettingsError) -> [Settled] {
    guard let sweep, !sweep.isNull else { return [Settled(name: "", parts: [])] }
    let blocks = try mapping(sweep, "'sweep'")
    let known = ["grid", "zip", "variants", "exclude"]
    if let stray = blocks.first(where: { !known.contains($0.key) }) {
      throw .unknown(key: stray.key, stray.location, section: "sweep", known: known)
    }
    // sets[i] and names[i] belong together; `zip` and every axis of `grid` multiply both.
    var sets: [[Part]] = [[]], names = [""]
    if let named = blocks.first(where: { $0.key == "variants" }) {
      let variants = try mapping(named.value, "'variants'")
      names = variants.map(\.key)
      var all: [[Part]] = []
      for variant in variants {
        let settings = variant.value.isNull ? [] : try mapping(variant.value, "a variant")
        try check(variants.count, parts: settings.count, at: variant.location)
        all.append(settings.map { Part(path: $0.key, value: $0.value) })
      }
      sets = all
    }
    var varying: [String] = []
    if let zip = blocks.first(where: { $0.key == "zip" }) {
      let axes = try axes(zip.value, "'zip'")
      varying += axes.map(\.path)
      let length = axes.first?.values.count ?? 0
      guard axes.allSatisfy({ $0.values.count == length }) else {
        throw .malformed(zip.location, why: "the lists of 'zip' go hand in hand; give each \(length) values.")
      }
      let rows = (0..<length).map { i in axes.map { Part(path: $0.path, value: $0.values[i]) } }
      (sets, names) = try product(sets, names, rows, at: zip.location)
    }
    if let grid = blocks.first(where: { $0.key == "grid" }) {
      for axis in try axes(grid.value, "'grid'") {
        varying.append(axis.path)
        (sets, names) = try product(
          sets, names, axis.values.map { [Part(path: axis.path, value: $0)] }, at: grid.location)
      }
    }
    var result = zip(sets, names).map {
      Settled(name: name($1, $0.filter { varying.contains($0.path) }, varying), parts: $0)
    }
    if let exclude = blocks.first(where: { $0.key == "exclude" }) {
      try leaveOut(exclude, varying, from: &result)
    }
    return result
  }

  /// Takes away the combinations that a rule of `exclude` describes.
  private static func leaveOut(
    _ exclude: YAMLNode.Entry, _ varying: [String], from sets: inout [Settled]
  ) throws(SettingsError) {
    guard case .list(let rules) = exclude.value.content else {
      throw .malformed(exclude.location, why: "'exclude' takes a list of mappings, each a combination to leave out.")
    }
    guard rules.count * sets.count <= mostTrials else {
      throw .malformed(exclude.location, why: "'exclude' has too many rules for \(sets.count) combinations.")
    }
    for rule in rules {
      let conditions = try mapping(rule, "a rule of 'exclude'")
      if let stray = conditions.first(where: { !varying.contains($0.key) }) {
        throw .unknown(key: stray.key, stray.location, section: "exclude", known: varying)
      }
      sets.removeAll { set in
        conditions.allSatisfy { condition in
          set.parts.contains { $0.path == condition.key && spoken($0.value) == spoken(condition.value) }
        }
      }
    }
    guard !sets.isEmpty else { throw .malformed(exclude.location, why: "'exclude' leaves nothing to run.") }
  }

  /// Every combination of `sets` with every item of `more`, the latter varying fastest; names are repeated with them.
  private static func product(
    _ sets: [[Part]], _ names: [String], _ more: [[Part]], at location: FileLocation
  ) throws(SettingsError) -> ([[Part]], [String]) {
    try check(sets.count * more.count, parts: (sets.first?.count ?? 0) + (more.first?.count ?? 0), at: location)
    let pairs = zip(sets, names).flatMap { set, name in more.map { (set + $0, name) } }
    return (pairs.map(\.0), pairs.map(\.1))
  }

  private static func mapping(_ node: YAMLNode, _ what: String) throws(SettingsError) -> [YAMLNode.Entry] {
    guard case .mapping(let entries) = node.content else {
      throw .malformed(node.location, why: "\(what) takes a mapping, not \(node.spoken).")
    }
    // A path becomes mappings in each other.
    if let long = entries.first(where: { $0.key.split(separator: ".").count > YAMLReader.deepest }) {
      throw .malformed(long.location, why: "this path has more than \(YAMLReader.deepest) keys.")
    }
    return entries
  }

  /// The axes of a `zip` or `grid`: paths, each with a list of at least one value.
  private static func axes(_ node: YAMLNode, _ what: String) throws(SettingsError) -> [(
    path: String, values: [YAMLNode]
  )] {
    var axes: [(String, [YAMLNode])] = []
    for entry in try mapping(node, what) {
      guard case .list(let values) = entry.value.content, !values.isEmpty else {
        throw .malformed(entry.value.location, why: "'\(entry.key)' of \(what) takes a list of values to try.")
      }
      axes.append((entry.key, values))
    }
    return axes
  }
}
