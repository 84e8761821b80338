/// The tag before a value, as in `!!str 5`: those of the core schema where they fit; all others, which would construct
/// what an experiment file does not hold (`!!binary`, `!!python/object`), are refused by name.
struct YAMLTag {
  /// The tag in short, "!!str"; nil where there is none.
  private let name: String?

  init(_ tag: String?) {
    let core = "tag:yaml.org,2002:"
    name = tag.map { $0.hasPrefix(core) ? "!!" + $0.dropFirst(core.count) : $0 }
  }

  /// Throws unless a list or a mapping has no tag or the usual one, "!!seq" or "!!map".
  func check(_ usual: String, at location: FileLocation) throws(SettingsError) {
    guard let name, name != usual, name != "!" else { return }
    throw refusal(name, location)
  }

  /// Returns whether a scalar may be a number, boolean or null; throws where the tag does not fit the text.
  func isPlain(_ text: String, isPlain: Bool, at location: FileLocation) throws(SettingsError) -> Bool {
    guard let name else { return isPlain }
    let node = YAMLNode(content: .scalar(text, isPlain: true), location: location)
    let value = SettingValue(node: node)
    let fits =
      switch name {
      case "!", "!!str": true
      case "!!int": Int(value) != nil
      case "!!float": Double(value) != nil
      case "!!bool": Bool(value) != nil
      case "!!null": node.isNull
      default: false
      }
    guard fits else { throw refusal(name, location) }
    return name != "!" && name != "!!str"
  }

  private func refusal(_ name: String, _ location: FileLocation) -> SettingsError {
    .malformed(location, why: "the tag '\(shortened(name))' does not fit here; leave it out.")
  }
}
