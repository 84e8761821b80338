import Autoregression
import Testing

@Suite struct FormerNamesTests {
  @Test(
    "a former key is refused with the present one",
    arguments: [
      ("diffusion", "spread: none", "token-scale"), ("diffusion", "repeats: 2", "diffusion-batch-mul"),
      ("diffusion", "noise: linear", "noise-schedule"), ("diffusion", "clamp: none", "clip-denoised"),
      ("diffusion", "levels: none", "level-conditioning"), ("flow-matching", "repeats: 2", "diffusion-batch-mul"),
      ("flow-matching", "times: uniform", "timestep-sampling"), ("flow-matching", "levels: none", "level-conditioning"),
      ("gaussian-mixture", "least-deviation: 0.1", "min-deviation"), ("l2", "spread: none", "token-scale"),
      ("l2", "levels: none", "level-conditioning"),
    ])
  func keys(_ use: String, _ setting: String, _ present: String) {
    let former = setting.split(separator: ":")[0]
    #expect(
      message { try loss("{ use: \(use), \(setting) }", of: TokenSpace(width: 2)) }
        .contains(": '\(former)' is called '\(present)' now."))
  }

  @Test("a former choice is refused with the present one")
  func choices() {
    let codes = TokenSpace(width: 2, vocabulary: 4)
    #expect(
      message { try loss("{ use: diffusion, clip-denoised: measured }", of: TokenSpace(width: 2)) }
        .contains("'measured' of 'clip-denoised' is called 'data-range' now."))
    #expect(
      message { try loss("{ use: cross-entropy, draw: sum }", of: codes) }
        .contains("'sum' of 'draw' is called 'inverse-cdf' now."))
  }
}
