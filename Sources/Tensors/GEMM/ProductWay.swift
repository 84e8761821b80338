/// What happens to numbers on their way through a product.
struct ProductWay {
  /// Makes `count` numbers of a row from a column on.
  typealias Fill = (_ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) -> Void

  /// Numbers of the left side, which is not transposed, are made so instead of read.
  var left: Fill?
  /// The same of the right side.
  var right: Fill?
  /// What is added to the product, as far apart as the target.
  var base: UnsafePointer<Float>?
  /// Where the sums of the rows of the left side are added, which is transposed.
  var sums: UnsafeMutablePointer<Float>?
  /// Called when some rows and columns of the target are complete, while the cache has them.
  var finish: ((_ rows: Range<Int>, _ columns: Range<Int>) -> Void)?
}
