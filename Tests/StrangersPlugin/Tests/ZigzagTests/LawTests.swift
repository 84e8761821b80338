import Autoregression
import AutoregressionTesting
import Settings
import Testing
import Zigzag

@Test("zigzag keeps the laws", arguments: [1, 2, 4])
func laws(rows: Int) throws {
  var settings = try Settings(parsing: "rows: \(rows)", file: "zigzag.yaml")
  let zigzag = try Zigzag(&settings, over: Grid(height: 4, width: 4))
  #expect(lawsBroken(by: zigzag) == [])
}

@Test("zigzag is found by its key, though no file imports it for that")
func registration() {
  #expect(Registry.linked().keys(of: "direction").contains("zigzag"))
}
