import Settings

/// The convolutions before and after a quantizer.
enum Projection {
  /// Reads the side of their kernels, an odd number.
  static func kernel(_ settings: inout Settings, default side: Int) throws(SettingsError) -> Int {
    try settings.renamed("projection", to: "projection-kernel")
    let kernel: Int = try settings[
      "projection-kernel", default: side, in: 1...7,
      about: "kernel size of the convolutions before and after the quantizer; odd (VAR: quant_conv_ks)"]
    guard kernel % 2 == 1 else {
      throw settings.refusal(
        "a kernel of side \(kernel) has no middle; let 'projection-kernel' be odd.", at: "projection-kernel")
    }
    return kernel
  }
}
