import Settings
import Tensors
import Testing

@Suite("Former names of settings of directions")
struct RenamedSettingsTests {
  private func refusal(_ section: String) -> String {
    do { _ = try direction(section) } catch { return String("\(error)".split(separator: "\n").first ?? "") }
    return "no error"
  }

  @Test(
    "each is refused with the present name",
    arguments: [
      ("{ use: frequency, from: low }", "'from' is called 'order' now."),
      ("{ use: frequency, order: high }", "'high' of 'order' is called 'high-to-low' now."),
      ("{ use: frequency, draw: image }", "'draw' is called 'level-sampling' now."),
      ("{ use: frequency, train-on: all }", "'train-on' is called 'training-levels' now."),
      ("{ use: frequency, unfiltered: [] }", "'unfiltered' is called 'unfiltered-steps' now."),
      ("{ use: frequency, weight: none }", "'weight' is called 'loss-weight' now."),
      ("{ use: frequency, loss-weight: reversed }", "'reversed' of 'loss-weight' is called 'reversed-sine' now."),
      ("{ use: frequency, loss-weight-as: chance }", "'chance' of 'loss-weight-as' is called 'probability' now."),
      ("{ use: frequency, mask: { least: 0.5 } }", "'least' is called 'min-ratio' now."),
      ("{ use: masked, masking: fixed }", "'masking' is called 'mask-ratio' now."),
      ("{ use: masked, mask-ratio: truncated }", "'truncated' of 'mask-ratio' is called 'truncated-normal' now."),
      ("{ use: masked, answer: all }", "'answer' is called 'loss-on' now."),
      ("{ use: multi-scale, grow: {} }", "'grow' is called 'progressive' now."),
    ])
  func former(_ section: String, _ message: String) { #expect(refusal(section).hasSuffix(message)) }
}
