import Settings

extension Settings {
  /// Where each setting that is no default was set, as JSON: its path, and "file:line:column" or the override.
  var origins: String {
    let set = reads.compactMap { section, reading -> (String, JSON)? in
      guard reading.yaml != nil, let location = reading.location else { return nil }
      return (section.isEmpty ? reading.key : "\(section).\(reading.key)", .text(location.description))
    }
    return JSON.object(set).lines + "\n"
  }
}
