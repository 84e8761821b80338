import FixtureSupport
import Losses
import Tensors
import Testing

@Suite struct NoiseScheduleTests {
  @Test("every constant of every schedule is the reference's, in double precision")
  func reference() throws {
    let file = try Fixture("schedule"), total = try file.sizes("diffusion_steps")[0]
    for kind in NoiseSchedule.Kind.allCases {
      for spacing in file.names(kind.rawValue) {
        let full = NoiseSchedule(kind, steps: total)
        let visited =
          spacing == "full" ? Array(0..<total) : Int(spacing).flatMap { NoiseSchedule.steps([$0], of: total) }
        let ours = spacing == "full" ? full : full.respaced(to: try #require(visited))
        let group = "\(kind.rawValue)/\(spacing)"
        #expect(ours.timesteps == (try file.ints("\(group)/timestep_map")))
        for (name, values) in [
          ("betas", ours.betas), ("alphas_cumprod", ours.alphasCumprod),
          ("alphas_cumprod_prev", ours.alphasCumprodPrev), ("sqrt_alphas_cumprod", ours.sqrtAlphasCumprod),
          ("sqrt_one_minus_alphas_cumprod", ours.sqrtOneMinusAlphasCumprod),
          ("log_one_minus_alphas_cumprod", ours.logOneMinusAlphasCumprod),
          ("sqrt_recip_alphas_cumprod", ours.sqrtRecipAlphasCumprod),
          ("sqrt_recipm1_alphas_cumprod", ours.sqrtRecipm1AlphasCumprod),
          ("posterior_variance", ours.posteriorVariance),
          ("posterior_log_variance_clipped", ours.posteriorLogVarianceClipped),
          ("posterior_mean_coef1", ours.posteriorMeanCoef1), ("posterior_mean_coef2", ours.posteriorMeanCoef2),
        ] {
          #expect(try file.disagreement(values, "\(group)/\(name)") == nil)
        }
      }
    }
  }

  @Test("a respaced schedule has the cumulative products of the full one at the steps it visits")
  func respacing() throws {
    for kind in NoiseSchedule.Kind.allCases {
      let full = NoiseSchedule(kind), steps = try #require(NoiseSchedule.steps([10, 5], of: 1000))
      let spaced = full.respaced(to: steps)
      #expect(spaced.count == 15 && spaced.timesteps == steps)
      for (index, step) in steps.enumerated() {
        #expect(abs(spaced.alphasCumprod[index] / full.alphasCumprod[step] - 1) < 1e-9)
      }
    }
  }

  @Test("steps of a section reach from its first to its last timestep, and one step is the first")
  func sections() {
    #expect(NoiseSchedule.steps([3], of: 11) == [0, 5, 10])
    #expect(NoiseSchedule.steps([2, 3], of: 10) == [0, 4, 5, 7, 9])
    #expect(NoiseSchedule.steps([1, 1], of: 7) == [0, 4], "the first section takes the odd timestep")
    #expect(NoiseSchedule.steps([10], of: 10) == Array(0..<10))
  }

  @Test("a section with fewer timesteps than its count, or no step at all, has no spacing")
  func impossible() {
    #expect(NoiseSchedule.steps([11], of: 10) == nil)
    #expect(NoiseSchedule.steps([1, 6], of: 10) == nil)
    #expect(NoiseSchedule.steps([0], of: 10) == nil)
  }
}
