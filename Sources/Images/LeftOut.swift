/// Files that are left out, by kind, with the first of each.
struct LeftOut {
  private var kinds: [String: (count: Int, first: String)] = [:]

  /// Endings of files that are read, in lower case.
  static let endings: Set<String> = ["png", "jpg", "jpeg", "jfif"]

  /// True if a file is an image by its name; counts it as left out where it is not.
  mutating func isImage(_ name: String, _ path: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if parts.first?.isEmpty == true {
      add("hidden", path)
    } else if parts.count < 2 {
      add("without an ending", path)
    } else {
      let ending = parts[parts.count - 1].lowercased()
      if Self.endings.contains(ending) { return true }
      add(".\(ending)", path)
    }
    return false
  }

  /// Counts a file that is left out.
  mutating func add(_ kind: String, _ path: String) {
    kinds[kind] = ((kinds[kind]?.count ?? 0) + 1, kinds[kind]?.first ?? path)
  }

  /// All of them in one line, the most frequent first; nil for none.
  var text: String? {
    guard !kinds.isEmpty else { return nil }
    return kinds.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .map { "\($1.count) \($0) (\($1.first)\($1.count > 1 ? ", …" : ""))" }.joined(separator: ", ")
  }
}
