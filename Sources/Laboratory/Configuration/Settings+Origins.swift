import Settings

extension Settings {
  /// A JSON object of all settings that are not defaults: the path of each, and "file:line:column" or the override.
  var origins: String {
    let set = reads.compactMap { section, reading -> (String, JSON)? in
      guard reading.yaml != nil, let location = reading.location else { return nil }
      return (section.isEmpty ? reading.key : "\(section).\(reading.key)", .text(location.description))
    }
    return JSON.object(set).lines + "\n"
  }
}
