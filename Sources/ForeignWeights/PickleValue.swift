import Foundation

/// The contents of a Python pickle as data. Nothing is called or imported: objects of unknown classes stay opaque.
indirect enum PickleValue {
  /// Python's None.
  case none
  /// True or False.
  case bool(Bool)
  /// An integer of at most 64 bits.
  case int(Int)
  /// A float.
  case double(Double)
  /// A string.
  case text(String)
  /// A bytes object.
  case bytes(Data)
  /// A list, tuple or set.
  case list([PickleValue])
  /// A dictionary in the order of its keys.
  case dictionary([(key: PickleValue, value: PickleValue)])
  /// A class or function by its module and name: "torch._utils _rebuild_tensor_v2".
  case global(String)
  /// A call of a global that was not made; state and items that the pickle adds to the result are further arguments.
  case object(String, arguments: [PickleValue])
  /// A value stored outside the pickle, by its persistent id.
  case external([PickleValue])

  /// The string of a `text`.
  var text: String? { if case .text(let text) = self { text } else { nil } }
  /// The number of an `int`.
  var int: Int? { if case .int(let int) = self { int } else { nil } }
  /// The items of a `list`.
  var list: [PickleValue]? { if case .list(let list) = self { list } else { nil } }
}
