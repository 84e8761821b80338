import Images
import Laboratory
import Networks
import Spectra

/// Spectra of what variants made, over that of real pictures.
enum SpectraSideBySide: SweepFigure {
  static let name = "spectra"
  static let about = "Power at each frequency of the pictures of every variant, and of real ones."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    let rows = SideBySide.rows(of: records)
    guard let first = rows.first else { throw Inapplicable("no run has made pictures yet (samples.h5 is missing)") }
    var spectra: [(String, [Double])] = []
    if let real = try real(records) { spectra.append(("real", real)) }
    spectra += rows.prefix(7).map { row in
      (row.title, SpectrumFigure.mean(row.samples.pictures.flatMap { radialPowerSpectrum(of: $0.tensor) }))
    }
    return [
      Panel(
        name, .plot(SpectrumFigure.plot("spectra of variants", "cycles per picture", spectra)),
        caption:
          "Mean power by distance from frequency zero, of the \(first.samples.pictures.count) pictures of each variant\(rows.count > 7 ? " (the first 7 of \(rows.count))" : "") and of 64 real ones."
      )
    ]
  }

  /// Of the first run whose data set is there.
  private static func real(_ records: [RunRecord]) throws -> [Double]? {
    for record in records {
      guard var dataset = try? record.assembly().dataset, (try? dataset.open()) != nil else { continue }
      let count = min(64, dataset.count)
      let rows = stratifiedRows(count, over: dataset.count)
      return SpectrumFigure.spectrum(try dataset.batch(rows, flipped: rows.map { _ in false }).images)
    }
    return nil
  }
}
