/// The reason why values cannot be read.
package struct Obstacle: Sendable {
  /// A sentence: "it is stored with a filter that this HDF5 library does not have: 32000 (lzf)."
  package let reason: String
  /// True where the file is damaged; false where it is sound, as far as is known, and requires more than there is.
  package let isDamage: Bool

  init(_ reason: String, isDamage: Bool = false) { (self.reason, self.isDamage) = (reason, isDamage) }

  static func damage(_ reason: String) -> Obstacle { Obstacle(reason, isDamage: true) }
  static let undescribed = damage("its description is damaged.")
}
