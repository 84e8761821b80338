/// What can go wrong beside settings, data and files.
struct LaboratoryError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
