/// The contents of a Python pickle as data, in one array of values that name each other by index.
///
/// Nothing is called or imported: objects of unknown classes stay opaque. A value that the pickle names in several
/// positions is one value here, too, so that memory is proportional to the pickle, whatever its values nest.
struct Pickle {
  /// An index into `values`.
  typealias Index = Int32

  /// A value of Python.
  struct Value {
    /// The kind of a value.
    enum Kind {
      /// None, True, False, a float or bytes: of no use in a directory of tensors.
      case opaque
      /// An integer of at most 64 bits: `number`.
      case int
      /// A string: `text`.
      case text
      /// A list, tuple or set of `items`.
      case list
      /// A dictionary; `items` are keys and values in turn.
      case dictionary
      /// A class or function; `text` is its module and name: "torch._utils _rebuild_tensor_v2".
      case global
      /// A call of the global `text` that was not made; `items` are the list of its arguments, then state and items
      /// that the pickle adds to the result.
      case object
      /// A value stored outside the pickle; the only item is the list that is its persistent id.
      case external
    }
    /// The kind.
    var kind: Kind
    /// The integer of an `int`.
    var number = 0
    /// The string of a `text`, `global` or `object`.
    var text = ""
    /// The values that a value holds.
    var items: [Index] = []
  }

  /// All values, in the order in which they were made.
  var values: [Value] = []
  /// The value of the whole.
  var root: Index = 0

  /// The value at an index.
  subscript(_ index: Index) -> Value { values[Int(index)] }

  /// The string of a `text`.
  func text(_ index: Index) -> String? { self[index].kind == .text ? self[index].text : nil }

  /// The number of an `int`.
  func int(_ index: Index) -> Int? { self[index].kind == .int ? self[index].number : nil }

  /// The items of a `list`.
  func list(_ index: Index) -> [Index]? { self[index].kind == .list ? self[index].items : nil }

  /// The items of a `list` of at most `limit` integers.
  func ints(_ index: Index, limit: Int) -> [Int]? {
    guard let items = list(index), items.count <= limit else { return nil }
    let numbers = items.compactMap { int($0) }
    return numbers.count == items.count ? numbers : nil
  }

  /// The arguments of an `object`, and the id of an `external`.
  func arguments(_ index: Index) -> [Index] { self[index].items.first.flatMap { list($0) } ?? [] }
}
