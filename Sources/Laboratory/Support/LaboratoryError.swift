/// An error of the user beside those of settings and files of data: one sentence that says what would work.
package struct LaboratoryError: Error, CustomStringConvertible {
  /// The sentence.
  package let description: String

  /// An error with its sentence.
  package init(_ description: String) { self.description = description }
}
