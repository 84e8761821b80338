import Foundation

/// A reader of pickles of protocols 2 to 4 (Python's pickletools lists the opcodes), as far as `torch.save` uses them.
struct Unpickler {
  private let data: [UInt8]
  private let path: String
  private var offset = 0
  private var stack: [PickleValue] = []
  /// Heights of the stack at the marks that are open.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  /// Returns the value of a pickle; `path` is the file that errors name.
  static func value(_ data: Data, path: String) throws(WeightsError) -> PickleValue {
    var unpickler = Unpickler(data: Array(data), path: path)
    return try unpickler.run()
  }

  private init(data: [UInt8], path: String) {
    self.data = data
    self.path = path
  }

  private var damaged: WeightsError { .unreadable(path: path, why: "its pickled directory of tensors is damaged.") }

  /// Executes opcodes up to STOP and returns the value on top of the stack.
  private mutating func run() throws(WeightsError) -> PickleValue {
    while true {
      let opcode = UnicodeScalar(UInt8(try byte()))
      if opcode == "." { return try pop() }
      if try pushScalar(opcode) { continue }
      if try buildContainer(opcode) { continue }
      if try buildObject(opcode) { continue }
      if try useMemo(opcode) { continue }
      throw .unreadable(
        path: path, why: "its pickle uses the code \(opcode.value), which weights do not need; save a state_dict again."
      )
    }
  }

  /// NONE, NEWTRUE, NEWFALSE, integers, floats, strings and bytes. Returns false for any other opcode.
  private mutating func pushScalar(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.bool(true))
    case "\u{89}": stack.append(.bool(false))
    case "J": stack.append(.int(Int(Int32(truncatingIfNeeded: try unsigned(4)))))
    case "K": stack.append(.int(try unsigned(1)))
    case "M": stack.append(.int(try unsigned(2)))
    case "\u{8A}": stack.append(.int(try signed(try byte())))
    case "G":
      // Big-endian, unlike the integers.
      let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      stack.append(.double(Double(bitPattern: bits)))
    case "X": stack.append(.text(String(decoding: try take(try unsigned(4)), as: UTF8.self)))
    case "\u{8C}", "U": stack.append(.text(String(decoding: try take(try byte()), as: UTF8.self)))
    case "B": stack.append(.bytes(Data(try take(try unsigned(4)))))
    case "C": stack.append(.bytes(Data(try take(try byte()))))
    default: return false
    }
    return true
  }

  /// MARK, tuples, lists, sets, dictionaries and their items. Returns false for any other opcode.
  private mutating func buildContainer(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "(": marks.append(stack.count)
    case "}": stack.append(.dictionary([]))
    case "]", ")", "\u{8F}": stack.append(.list([]))
    case "t", "l": stack.append(.list(try popToMark()))
    case "d":
      let items = try popToMark()
      stack.append(.dictionary([]))
      try setItems(items)
    case "\u{85}": stack.append(.list([try pop()]))
    case "\u{86}", "\u{87}":
      var items: [PickleValue] = []
      for _ in 0..<(opcode == "\u{86}" ? 2 : 3) { items.insert(try pop(), at: 0) }
      stack.append(.list(items))
    case "s":
      let value = try pop(), key = try pop()
      try setItems([key, value])
    case "u": try setItems(try popToMark())
    case "a": try append([try pop()])
    case "e", "\u{90}": try append(try popToMark())
    default: return false
    }
    return true
  }

  /// GLOBAL, REDUCE, NEWOBJ, BUILD and BINPERSID: recorded, never executed. Returns false for any other opcode.
  private mutating func buildObject(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "c":
      let module = try line()
      stack.append(.global("\(module) \(try line())"))
    case "\u{93}":
      let name = try pop().text ?? "", module = try pop().text ?? ""
      stack.append(.global("\(module) \(name)"))
    case "R", "\u{81}":
      let arguments = try pop().list ?? [], callable = try pop()
      guard case .global(let name) = callable else { throw damaged }
      stack.append(name == "collections OrderedDict" ? .dictionary([]) : .object(name, arguments: arguments))
    case "b":
      // Attributes of a dictionary (the versions of a state_dict) concern no tensor; those of an object are kept.
      let state = try pop(), target = try pop()
      if case .object(let name, let arguments) = target {
        stack.append(.object(name, arguments: arguments + [state]))
      } else {
        stack.append(target)
      }
    case "Q": stack.append(.external(try pop().list ?? []))
    default: return false
    }
    return true
  }

  /// PUT, MEMOIZE, GET, POP, PROTO and FRAME. Returns false for any other opcode.
  private mutating func useMemo(_ opcode: UnicodeScalar) throws(WeightsError) -> Bool {
    switch opcode {
    case "q": memo[try byte()] = stack.last
    case "r": memo[try unsigned(4)] = stack.last
    case "\u{94}": memo[memo.count] = stack.last
    case "h", "j":
      let index = opcode == "h" ? try byte() : try unsigned(4)
      guard let value = memo[index] else { throw damaged }
      stack.append(value)
    case "0": try discard()
    case "\u{80}": try skip(1)  // the protocol
    case "\u{95}": try skip(8)  // the length of a frame
    default: return false
    }
    return true
  }

  private mutating func byte() throws(WeightsError) -> Int { Int(try take(1)[0]) }

  private mutating func take(_ count: Int) throws(WeightsError) -> [UInt8] {
    try skip(count)
    return Array(data[offset - count..<offset])
  }

  private mutating func skip(_ count: Int) throws(WeightsError) {
    guard count >= 0, count <= data.count - offset else { throw damaged }
    offset += count
  }

  /// A little-endian unsigned integer of `size` bytes.
  private mutating func unsigned(_ size: Int) throws(WeightsError) -> Int {
    try take(size).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
  }

  /// A little-endian integer in two's complement of `size` bytes, at most 8.
  private mutating func signed(_ size: Int) throws(WeightsError) -> Int {
    guard size <= 8 else { throw damaged }
    let value = try unsigned(size)
    guard size > 0, size < 8, value >> (8 * size - 1) == 1 else { return value }
    return value - (1 << (8 * size))
  }

  /// The bytes up to the next line feed.
  private mutating func line() throws(WeightsError) -> String {
    guard let end = data[offset...].firstIndex(of: 10) else { throw damaged }
    defer { offset = end + 1 }
    return String(decoding: data[offset..<end], as: UTF8.self)
  }

  private mutating func pop() throws(WeightsError) -> PickleValue {
    guard stack.count > (marks.last ?? 0) else { throw damaged }
    return stack.removeLast()
  }

  private mutating func discard() throws(WeightsError) {
    guard stack.count > (marks.last ?? 0) else { throw damaged }
    stack.removeLast()
  }

  private mutating func popToMark() throws(WeightsError) -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw damaged }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  /// Adds keys and values in turn to the dictionary or object on top of the stack.
  private mutating func setItems(_ items: [PickleValue]) throws(WeightsError) {
    guard items.count.isMultiple(of: 2) else { throw damaged }
    let pairs = stride(from: 0, to: items.count, by: 2).map { (key: items[$0], value: items[$0 + 1]) }
    switch try pop() {
    case .dictionary(let old): stack.append(.dictionary(old + pairs))
    case .object(let name, let arguments): stack.append(.object(name, arguments: arguments + [.dictionary(pairs)]))
    default: throw damaged
    }
  }

  /// Appends items to the list or object on top of the stack.
  private mutating func append(_ items: [PickleValue]) throws(WeightsError) {
    switch try pop() {
    case .list(let old): stack.append(.list(old + items))
    case .object(let name, let arguments): stack.append(.object(name, arguments: arguments + [.list(items)]))
    default: throw damaged
    }
  }
}
