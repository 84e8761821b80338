extension ImageFile {
  /// The shape of /images; throws where they are not uint8 [sample, row, column, 3] or there is none, and says what
  /// they are instead.
  static func imageShape(_ reader: Reader) throws(StorageError) -> [Int] {
    let shape = try reader.shape(of: "images"), kind = try reader.kind(of: "images")
    func refusal(_ found: String) -> StorageError {
      .unreadable(
        path: reader.path,
        why: "'images' holds \(found); it must hold uint8 [sample, row, column, 3] with channels red, green, blue.")
    }
    switch shape.count {
    case 4 where shape[3] == 3: break
    case 4 where shape[1] == 3:
      throw refusal("images \(shape) with channels before rows, which need transpose(0, 2, 3, 1)")
    case 4 where shape[1] == 1 || shape[3] == 1:
      throw refusal("images \(shape) of one channel, grey, which need three equal ones")
    case 4 where shape[3] == 4: throw refusal("images \(shape) with an alpha channel, which must be left out")
    case 3: throw refusal("an array \(shape) of one grey image a sample, which needs three equal channels")
    default: throw refusal("an array of shape \(shape)")
    }
    guard kind == .natural(bits: 8) else {
      throw refusal("\(kind)" + (kind.isNumber ? ", which need scaling to 0...255 and rounding" : ""))
    }
    guard shape[0] > 0, shape[1] > 0, shape[2] > 0 else { throw refusal("no images: its shape is \(shape)") }
    return shape
  }

  /// The label of every image; throws for the first that is no number of a class, with its row.
  ///
  /// All 0 where the file has no labels; a name that only resembles `label` is refused.
  static func labels(_ reader: Reader, count: Int, classNames: [String]?) throws(StorageError) -> [Int] {
    let path = reader.path
    guard reader.has("label") else {
      let near = reader.names(in: "/").first {
        ["labels", "class", "classes", "target", "targets", "y"].contains($0.lowercased())
      }
      if let near {
        throw .unreadable(path: path, why: "there is no data set 'label'; if '\(near)' holds the labels, rename it.")
      }
      return Array(repeating: 0, count: count)
    }
    let kind = try reader.kind(of: "label"), shape = try reader.shape(of: "label")
    guard kind.isNumber else {
      throw .wrongKind(path: path, name: "label", found: "\(kind)", wanted: "numbers of classes")
    }
    guard shape == [count] else { throw .wrongShape(path: path, name: "label", found: shape, wanted: [count]) }
    func refusal(_ value: String, _ row: Int, _ rule: String) -> StorageError {
      .unreadable(path: path, why: "'label' is \(value) in row \(row)\(rule)")
    }
    let range = "; labels are numbers of classes from 0 to \(labelRange.upperBound - 1)."
    var labels: [Int] = []
    if case .float = kind {
      for (row, value) in try reader.doubles("label").enumerated() {
        guard let label = Int(exactly: value) else { throw refusal("\(value)", row, range) }
        labels.append(label)
      }
    } else {
      labels = try reader.ints("label")
    }
    for (row, label) in labels.enumerated() {
      guard labelRange.contains(label) else { throw refusal("\(label)", row, range) }
      if let classNames, label >= classNames.count {
        let named = "'class_name' names \(classNames.count) classes, from 0 to \(classNames.count - 1)"
        throw refusal("\(label)", row, ", and \(named); name every class, or none.")
      }
    }
    return labels
  }

  /// The rows of held-out images; nil where there is no data set `split`. Throws unless it holds zeros, then ones.
  static func heldOut(_ reader: Reader, count: Int) throws(StorageError) -> Range<Int>? {
    guard reader.has("split") else { return nil }
    let split = try reader.ints("split", count: count), first = split.firstIndex(of: 1) ?? count
    guard split[..<first].allSatisfy({ $0 == 0 }), split[first...].allSatisfy({ $0 == 1 }) else {
      throw .unreadable(
        path: reader.path, why: "'split' must be 0 for the images to train on, and 1 for held-out ones behind them.")
    }
    return first..<count
  }

  /// Labels that a file may hold.
  private static let labelRange = 0..<1_000_000
}
