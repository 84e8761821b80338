import Laboratory
import Testing

@Suite struct StratifiedRowsTests {
  @Test(
    "images that stand for a data set come from all of it", arguments: [(512, 8192), (256, 512), (7, 20), (5, 5)])
  func all(_ count: Int, _ total: Int) {
    let rows = stratifiedRows(count, over: total)
    #expect(rows.count == count && rows == Array(Set(rows)).sorted())
    #expect(rows.enumerated().allSatisfy { $1 >= $0 * total / count && $1 < ($0 + 1) * total / count })
    #expect(rows == stratifiedRows(count, over: total))
  }

  @Test("where classes alternate, all have about the same count", arguments: [2, 4, 7], [2, 4, 16])
  func classes(_ classes: Int, _ step: Int) {
    var counts = Array(repeating: 0, count: classes)
    for row in stratifiedRows(500, over: 500 * step) { counts[row % classes] += 1 }
    // With steps shorter than a round of classes chance is bound to some of them at each step; over all it is not.
    for count in counts { #expect(abs(count - 500 / classes) < 60) }
  }

  @Test("a data set that is smaller than what is wanted gives all it has, and none gives nothing")
  func few() {
    #expect(Set(stratifiedRows(9, over: 3)) == [0, 1, 2])
    #expect(stratifiedRows(0, over: 3) == [] && stratifiedRows(3, over: 0) == [])
  }
}
