import Settings

/// The convolutions on both sides of a quantizer.
enum Projection {
  static func kernel(_ settings: inout Settings, default side: Int) throws(SettingsError) -> Int {
    let kernel: Int = try settings[
      "projection", default: side, in: 1...7, about: "side of the kernels before and after the quantizer; odd"]
    guard kernel % 2 == 1 else {
      throw settings.refusal("a kernel of side \(kernel) has no middle; let 'projection' be odd.", at: "projection")
    }
    return kernel
  }
}
