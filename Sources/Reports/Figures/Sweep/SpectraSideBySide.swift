import Images
import Laboratory
import Networks
import Spectra

/// Radial power spectra of the images of every variant beside that of real images.
enum SpectraSideBySide: SweepFigure {
  static let name = "spectra"
  static let about = "Radial power spectra of the images of every variant, and of real images."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    let rows = SideBySide.rows(of: records)
    guard let first = rows.first else { throw Inapplicable("no run has generated images yet (samples.h5 is missing)") }
    var spectra: [(String, [Double])] = []
    if let real = try real(records) { spectra.append(("real", real)) }
    spectra += rows.prefix(7).map { row in
      (row.title, Measures.mean(row.samples.images.flatMap { radialPowerSpectrum(of: $0.tensor) }))
    }
    return [
      Panel(
        name, .plot(SpectrumFigure.plot("spectra of variants", "cycles per image", spectra)),
        caption:
          "Mean power by distance from frequency zero, of the \(first.samples.images.count) images of each variant"
          + "\(rows.count > 7 ? " (the first 7 of \(rows.count))" : "") and of 64 real images."
      )
    ]
  }

  /// The spectrum of real images, from the first run whose data set can be opened; nil if none can.
  private static func real(_ records: [RunRecord]) throws -> [Double]? {
    for record in records {
      guard var dataset = try? record.assembly().dataset, (try? dataset.open()) != nil else { continue }
      let images = dataset.images(of: .heldOut), count = min(64, images.count)
      return Measures.spectrum(try images.batch(stratifiedRows(count, over: images.count)).images)
    }
    return nil
  }
}
