import Files

/// A reader of pickles of protocols 2 to 4 (Python's pickletools lists the opcodes), as far as `torch.save` uses them.
///
/// Each operation takes time and memory proportional to the bytes and stack entries that it consumes.
struct Unpickler {
  /// Bytes and operations of the longest pickle that is read; a directory of 50,000 tensors has half as many.
  private static let byteLimit = 1 << 28, operationLimit = 1 << 22
  /// Bytes of the longest name of a module and of a class in it.
  private static let nameLimit = 512

  private let data: [UInt8]
  private let path: String
  private var offset = 0
  private var pickle = Pickle()
  private var stack: [Pickle.Index] = []
  /// Heights of the stack at the marks that are open.
  private var marks: [Int] = []
  private var memo: [Int: Pickle.Index] = [:]

  /// Returns the values of a pickle that lies in a file.
  static func values(_ source: ByteSource, at start: Int, count: Int) throws(WeightsError) -> Pickle {
    guard count <= byteLimit else {
      throw .unreadable(
        path: source.name, why: "its pickled directory of tensors has \(count) bytes; at most \(byteLimit) are read.")
    }
    var unpickler = Unpickler(data: try source.weights(at: start, count: count), path: source.name)
    try unpickler.run()
    return unpickler.pickle
  }

  private init(data: [UInt8], path: String) {
    self.data = data
    self.path = path
    // Shared by all values of no use.
    pickle.values = [Pickle.Value(kind: .opaque)]
  }

  private var damaged: WeightsError { .unreadable(path: path, why: "its pickled directory of tensors is damaged.") }

  /// Executes opcodes up to STOP; the value on top of the stack is the whole.
  private mutating func run() throws(WeightsError) {
    for _ in 0..<Self.operationLimit {
      let opcode = UnicodeScalar(UInt8(try unsigned(1)))
      if opcode == "." {
        pickle.root = try pop()
        return
      }
      if try pushScalar(opcode) { continue }
      if try buildContainer(opcode) { continue }
      if try buildObject(opcode) { continue }
      if try useMemo(opcode) { continue }
      throw .unreadable(
        path: path, why: "its pickle uses the code \(opcode.value), which weights do not need; save a state_dict again."
      )
    }
    throw .unreadable(
      path: path, why: "its pickle has more than \(Self.operationLimit) operations; save a state_dict alone.")
  }

  /// NONE, NEWTRUE, NEWFALSE, integers, floats, strings and bytes. Returns false for any other opcode.
  private mutating func pushScalar(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "N", "\u{88}", "\u{89}": stack.append(0)
    case "J": push(Pickle.Value(kind: .int, number: Int(Int32(truncatingIfNeeded: try unsigned(4)))))
    case "K": push(Pickle.Value(kind: .int, number: try unsigned(1)))
    case "M": push(Pickle.Value(kind: .int, number: try unsigned(2)))
    case "\u{8A}": push(Pickle.Value(kind: .int, number: try signed(try unsigned(1))))
    case "G": try skip(8)
    case "X": push(Pickle.Value(kind: .text, text: try text(try unsigned(4))))
    case "\u{8C}", "U": push(Pickle.Value(kind: .text, text: try text(try unsigned(1))))
    case "B": try skip(try unsigned(4))
    case "C": try skip(try unsigned(1))
    default: return false
    }
    if "GBC".unicodeScalars.contains(opcode) { stack.append(0) }
    return true
  }

  /// MARK, tuples, lists, sets, dictionaries and their items. Returns false for any other opcode.
  private mutating func buildContainer(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "(": marks.append(stack.count)
    case "}": push(Pickle.Value(kind: .dictionary))
    case "]", ")", "\u{8F}": push(Pickle.Value(kind: .list))
    case "t", "l": push(Pickle.Value(kind: .list, items: try popToMark()))
    case "d": push(Pickle.Value(kind: .dictionary, items: try pairs(try popToMark())))
    case "\u{85}", "\u{86}", "\u{87}":
      var items: [Pickle.Index] = []
      for _ in 0x85...opcode.value { items.append(try pop()) }
      push(Pickle.Value(kind: .list, items: items.reversed()))
    case "s":
      let value = try pop(), key = try pop()
      try add([key, value], to: .dictionary)
    case "u": try add(try pairs(try popToMark()), to: .dictionary)
    case "a": try add([try pop()], to: .list)
    case "e", "\u{90}": try add(try popToMark(), to: .list)
    default: return false
    }
    return true
  }

  /// GLOBAL, REDUCE, NEWOBJ, BUILD and BINPERSID: recorded, never executed. Returns false for any other opcode.
  private mutating func buildObject(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "c":
      let module = try line()
      push(Pickle.Value(kind: .global, text: "\(module) \(try line())"))
    case "\u{93}":
      let name = pickle.text(try pop()) ?? "", module = pickle.text(try pop()) ?? ""
      guard name.utf8.count <= Self.nameLimit, module.utf8.count <= Self.nameLimit else { throw damaged }
      push(Pickle.Value(kind: .global, text: "\(module) \(name)"))
    case "R", "\u{81}":
      let arguments = try pop(), callable = pickle[try pop()]
      guard callable.kind == .global else { throw damaged }
      push(
        callable.text == "collections OrderedDict"
          ? Pickle.Value(kind: .dictionary)
          : Pickle.Value(kind: .object, text: callable.text, items: [arguments]))
    case "b":
      // Attributes of a dictionary (the versions of a state_dict) concern no tensor; those of an object are kept.
      let state = try pop(), target = try top()
      if pickle[target].kind == .object { pickle.values[Int(target)].items.append(state) }
    case "Q": push(Pickle.Value(kind: .external, items: [try pop()]))
    default: return false
    }
    return true
  }

  /// PUT, MEMOIZE, GET, POP, PROTO and FRAME. Returns false for any other opcode.
  private mutating func useMemo(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "q": memo[try unsigned(1)] = try top()
    case "r": memo[try unsigned(4)] = try top()
    case "\u{94}": memo[memo.count] = try top()
    case "h", "j":
      guard let value = memo[try unsigned(opcode == "h" ? 1 : 4)] else { throw damaged }
      stack.append(value)
    case "0": _ = try pop()
    case "\u{80}": try skip(1)  // the protocol
    case "\u{95}": try skip(8)  // the length of a frame
    default: return false
    }
    return true
  }

  // MARK: Bytes

  private mutating func skip(_ count: Int) throws(WeightsError) {
    guard count <= data.count - offset else { throw damaged }
    offset += count
  }

  /// A little-endian unsigned integer of at most 8 bytes; 8 are taken as two's complement.
  private mutating func unsigned(_ size: Int) throws(WeightsError) -> Int {
    try skip(size)
    return data[offset - size..<offset].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// A little-endian integer in two's complement of `size` bytes, at most 8.
  private mutating func signed(_ size: Int) throws(WeightsError) -> Int {
    guard size <= 8 else { throw damaged }
    let value = try unsigned(size)
    guard size > 0, size < 8, value >> (8 * size - 1) == 1 else { return value }
    return value - (1 << (8 * size))
  }

  private mutating func text(_ count: Int) throws(WeightsError) -> String {
    try skip(count)
    return String(decoding: data[offset - count..<offset], as: UTF8.self)
  }

  /// The bytes up to the next line feed.
  private mutating func line() throws(WeightsError) -> String {
    guard let end = data[offset...].prefix(Self.nameLimit + 1).firstIndex(of: 10) else { throw damaged }
    defer { offset = end + 1 }
    return String(decoding: data[offset..<end], as: UTF8.self)
  }

  // MARK: The stack

  private mutating func push(_ value: Pickle.Value) {
    stack.append(Pickle.Index(pickle.values.count))
    pickle.values.append(value)
  }

  /// The value on top of the stack, above the last mark.
  private func top() throws(WeightsError) -> Pickle.Index {
    guard stack.count > (marks.last ?? 0), let top = stack.last else { throw damaged }
    return top
  }

  private mutating func pop() throws(WeightsError) -> Pickle.Index {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func popToMark() throws(WeightsError) -> [Pickle.Index] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw damaged }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func pairs(_ items: [Pickle.Index]) throws(WeightsError) -> [Pickle.Index] {
    guard items.count.isMultiple(of: 2) else { throw damaged }
    return items
  }

  /// Adds items to the list or dictionary on top of the stack; those of an object concern no tensor.
  private mutating func add(_ items: [Pickle.Index], to kind: Pickle.Value.Kind) throws(WeightsError) {
    let target = Int(try top())
    if pickle.values[target].kind == .object { return }
    guard pickle.values[target].kind == kind else { throw damaged }
    pickle.values[target].items += items
  }
}
