import Autoregression
import Settings

/// The timesteps that sampling visits.
enum DenoisingSteps: Sendable {
  /// This many, evenly spaced; the number may vary along a generation.
  case evenly(Schedule)
  /// This many in each of equal sections of the noise schedule (improved-diffusion's `timestep_respacing`).
  case sections([Int])

  /// Reads `steps`, of a schedule with `total` timesteps.
  init(_ settings: inout Settings, of total: Int) throws(SettingsError) {
    guard settings.isList("steps") else {
      let steps = try Schedule(
        &settings, "steps", default: .constant(100),
        about: "denoising steps of a token; a schedule may vary them along a generation")
      guard steps.values.allSatisfy({ (1...Float(total)).contains($0) }) else {
        throw settings.refusal("loss 'diffusion' takes 1 to \(total) denoising steps.", at: "steps")
      }
      self = .evenly(steps)
      return
    }
    let counts: [Int] = try settings[
      required: "steps", about: "denoising steps, or steps in each equal section of the noise schedule"]
    guard !counts.isEmpty, NoiseSchedule.steps(counts, of: total) != nil else {
      throw settings.refusal(
        "loss 'diffusion' has \(total) timesteps in \(counts.count) sections; each section takes 1 to "
          + "\(total / max(1, counts.count)) steps.",
        at: "steps")
    }
    self = .sections(counts)
  }

  /// Steps in each equal section of the noise schedule at a moment of a generation.
  func counts(at moment: Moment) -> [Int] {
    switch self {
    case .evenly(let steps): [Int(steps(moment).rounded())]
    case .sections(let counts): counts
    }
  }
}
