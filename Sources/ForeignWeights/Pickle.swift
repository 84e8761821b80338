import Foundation

/// What a Python pickle holds, as data. Nothing is ever called or imported: objects of unknown classes stay opaque.
indirect enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case text(String)
  case bytes(Data)
  case list([PickleValue])
  case dictionary([(key: PickleValue, value: PickleValue)])
  /// A class or function by its module and name: "torch._utils _rebuild_tensor_v2".
  case global(String)
  /// What calling a global would have made.
  case made(String, arguments: [PickleValue])
  /// Something that lies outside the pickle, by its id.
  case outside([PickleValue])

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var int: Int? { if case .int(let int) = self { int } else { nil } }
  var list: [PickleValue]? { if case .list(let list) = self { list } else { nil } }
}

/// Reads pickles of protocols 2 to 4, as far as `torch.save` uses them.
struct Unpickler {
  private let data: [UInt8]
  private let path: String
  private var at = 0
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  static func value(_ data: Data, path: String) throws(WeightsError) -> PickleValue {
    var reader = Unpickler(data: Array(data), path: path)
    return try reader.run()
  }

  private init(data: [UInt8], path: String) {
    self.data = data
    self.path = path
  }

  private var damaged: WeightsError { .unreadable(path: path, why: "its pickled directory of tensors is damaged.") }

  private mutating func byte() throws(WeightsError) -> Int { Int(try take(1)[0]) }

  private mutating func take(_ count: Int) throws(WeightsError) -> [UInt8] {
    guard count >= 0, count <= data.count - at else { throw damaged }
    defer { at += count }
    return Array(data[at..<at + count])
  }

  private mutating func whole(_ size: Int) throws(WeightsError) -> Int {
    try take(size).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
  }

  private mutating func line() throws(WeightsError) -> String {
    guard let end = data[at...].firstIndex(of: 10) else { throw damaged }
    defer { at = end + 1 }
    return String(decoding: data[at..<end], as: UTF8.self)
  }

  private mutating func pop() throws(WeightsError) -> PickleValue {
    guard stack.count > (marks.last ?? 0) else { throw damaged }
    return stack.removeLast()
  }

  private mutating func popToMark() throws(WeightsError) -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw damaged }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func add(_ items: [PickleValue]) throws(WeightsError) {
    guard items.count.isMultiple(of: 2) else { throw damaged }
    let pairs = stride(from: 0, to: items.count, by: 2).map { (key: items[$0], value: items[$0 + 1]) }
    switch try pop() {
    case .dictionary(let old): stack.append(.dictionary(old + pairs))
    case .made(let name, let arguments): stack.append(.made(name, arguments: arguments + [.dictionary(pairs)]))
    default: throw damaged
    }
  }

  private mutating func append(_ items: [PickleValue]) throws(WeightsError) {
    switch try pop() {
    case .list(let old): stack.append(.list(old + items))
    case .made(let name, let arguments): stack.append(.made(name, arguments: arguments + [.list(items)]))
    default: throw damaged
    }
  }

  private mutating func run() throws(WeightsError) -> PickleValue {
    while true {
      let code = UnicodeScalar(UInt8(try byte()))
      switch code {
      case "\u{80}": _ = try byte()  // protocol
      case "\u{95}": _ = try take(8)  // frame
      case "}": stack.append(.dictionary([]))
      case "]", ")", "\u{8F}": stack.append(.list([]))
      case "(": marks.append(stack.count)
      case "t", "l": stack.append(.list(try popToMark()))
      case "d":
        let items = try popToMark()
        stack.append(.dictionary([]))
        try add(items)
      case "\u{85}": stack.append(.list([try pop()]))
      case "\u{86}", "\u{87}":
        var items: [PickleValue] = []
        for _ in 0..<(code == "\u{86}" ? 2 : 3) { items.insert(try pop(), at: 0) }
        stack.append(.list(items))
      case "N": stack.append(.none)
      case "\u{88}": stack.append(.bool(true))
      case "\u{89}": stack.append(.bool(false))
      case "J": stack.append(.int(Int(Int32(truncatingIfNeeded: try whole(4)))))
      case "K": stack.append(.int(try whole(1)))
      case "M": stack.append(.int(try whole(2)))
      case "\u{8A}":
        let bytes = try take(try byte())
        guard bytes.count <= 8 else { throw damaged }
        var value = bytes.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        if let top = bytes.last, top & 0x80 != 0, bytes.count < 8 { value -= 1 << (8 * bytes.count) }
        stack.append(.int(value))
      case "G":
        let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        stack.append(.double(Double(bitPattern: bits)))
      case "X": stack.append(.text(String(decoding: try take(try whole(4)), as: UTF8.self)))
      case "\u{8C}": stack.append(.text(String(decoding: try take(try byte()), as: UTF8.self)))
      case "U": stack.append(.text(String(decoding: try take(try byte()), as: UTF8.self)))
      case "B": stack.append(.bytes(Data(try take(try whole(4)))))
      case "C": stack.append(.bytes(Data(try take(try byte()))))
      case "c":
        let module = try line()
        stack.append(.global("\(module) \(try line())"))
      case "\u{93}":
        let name = try pop().text ?? "", module = try pop().text ?? ""
        stack.append(.global("\(module) \(name)"))
      case "R", "\u{81}":
        let arguments = try pop(), maker = try pop()
        guard case .global(let name) = maker else { throw damaged }
        stack.append(made(name, arguments.list ?? []))
      case "b":
        let state = try pop()
        // Attributes of a dictionary (a state_dict's versions) say nothing of tensors; those of an object are kept.
        let object = try pop()
        if case .made(let name, let arguments) = object {
          stack.append(.made(name, arguments: arguments + [state]))
        } else {
          stack.append(object)
        }
      case "q": memo[try byte()] = stack.last
      case "r": memo[try whole(4)] = stack.last
      case "\u{94}": memo[memo.count] = stack.last
      case "h", "j":
        let index = code == "h" ? try byte() : try whole(4)
        guard let value = memo[index] else { throw damaged }
        stack.append(value)
      case "Q": stack.append(.outside(try pop().list ?? []))
      case "s":
        let value = try pop(), key = try pop()
        try add([key, value])
      case "u": try add(try popToMark())
      case "a": try append([try pop()])
      case "e", "\u{90}": try append(try popToMark())
      case "0": _ = try pop()
      case ".": return try pop()
      default:
        throw .unreadable(
          path: path, why: "its pickle uses the code \(code.value), which weights do not need; save a state_dict again."
        )
      }
    }
  }

  private func made(_ name: String, _ arguments: [PickleValue]) -> PickleValue {
    name == "collections OrderedDict" ? .dictionary([]) : .made(name, arguments: arguments)
  }
}
