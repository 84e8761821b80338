import Storage
import Testing

struct OpeningCheckTests {
  @Test("the check before opening costs at the twenty-thousandth file what it costs at the first")
  func cost() throws {
    OpeningCheck.set { _ in }
    let start = ContinuousClock.now
    for _ in 0..<20_000 { try OpeningCheck.pass("nothing.h5") }
    // Milliseconds; a check that is wrapped anew at every access takes 15 s, and a stack of megabytes.
    #expect(ContinuousClock.now - start < .seconds(3))
  }
}
