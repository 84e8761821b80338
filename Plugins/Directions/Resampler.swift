import Settings
import Spectra
import Tensors

/// A pair of linear maps between an image and its smaller scales.
enum Resampler: String, Setting, CaseIterable {
  /// Reduction by area and bicubic enlargement (VAR).
  case areaBicubic = "area-bicubic"
  /// Both by the spectrum: a scale holds the frequencies that its cells can represent (NFIG; Huang et al. 2025,
  /// arXiv 2503.07076).
  case dft

  /// The image [batch, height, width, channels] at a smaller size.
  func reduced(_ image: Tensor, height: Int, width: Int) -> Tensor {
    switch self {
    case .areaBicubic: image.resampled(height: height, width: width, .area)
    case .dft: image.resampledBySpectrum(height: height, width: width)
    }
  }

  /// The map [batch, height, width, channels] at a larger size.
  func enlarged(_ map: Tensor, height: Int, width: Int) -> Tensor {
    switch self {
    case .areaBicubic: map.resampled(height: height, width: width, .bicubic)
    case .dft: map.resampledBySpectrum(height: height, width: width)
    }
  }
}
