/// Which target depends on which, without the arrows that follow from others.
struct Arrows {
  /// Pairs (from, to) in order of their names.
  let pairs: [(from: String, to: String)]

  init(_ dependencies: [String: [String]]) {
    var reached: [String: Set<String>] = [:]
    func reach(_ name: String) -> Set<String> {
      if let found = reached[name] { return found }
      let next = dependencies[name] ?? []
      let all = next.reduce(into: Set(next)) { $0.formUnion(reach($1)) }
      reached[name] = all
      return all
    }
    pairs = dependencies.keys.sorted().flatMap { name in
      let next = dependencies[name] ?? []
      return next.filter { target in !next.contains { $0 != target && reach($0).contains(target) } }.sorted().map {
        (name, $0)
      }
    }
  }
}
