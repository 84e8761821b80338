/// What can go wrong beside settings, data and files.
package struct LaboratoryError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
