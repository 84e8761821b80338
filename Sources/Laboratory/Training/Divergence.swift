/// A training or a generation whose numbers are no longer finite. Trying again without a change ends alike.
package struct Divergence: Error, CustomStringConvertible {
  /// One or two sentences: where, what, and what would work.
  package let description: String
}
