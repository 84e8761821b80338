import Images
import Laboratory
import Storage

/// Images of equal class and seed across variants.
enum SideBySide: SweepFigure {
  static let name = "side-by-side"
  static let about = "Images of equal class and seed for every variant, from samples.h5."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    let rows = Self.rows(of: records)
    guard let first = rows.first else {
      throw Inapplicable("no run has generated images yet (samples.h5 is missing)")
    }
    let classes = Array(Set(first.samples.labels)).sorted().prefix(10), size = first.samples.images[0]
    var images: [ByteImage] = []
    for row in rows {
      for label in classes {
        let sample = row.samples.labels.firstIndex(of: label).map { row.samples.images[$0] }
        let image = sample ?? ByteImage(height: size.height, width: size.width, colour: [236, 236, 236])
        images.append(
          image.height == size.height && image.width == size.width
            ? image : image.stretched(height: size.height, width: size.width))
      }
    }
    let sheet = ContactSheet(
      images, columns: classes.count, rowLabels: rows.map(\.title),
      columnLabels: classes.map { first.samples.name(of: $0) }, title: "equal class and seed")
    let seeds = Set(rows.map(\.seed)).sorted().joined(separator: ", ")
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "The first image of each class, from seed \(seeds), for every variant; all use equal random numbers."
      )
    ]
  }

  /// One run with images for each variant, of a seed that all variants share if there is one.
  static func rows(of records: [RunRecord]) -> [(title: String, seed: String, samples: Samples)] {
    let withImages = records.compactMap { record in Samples(record).map { (record, $0) } }
    let sides = Comparison.sides(of: withImages.map(\.0))
    let common = sides.dropFirst().reduce(Set(sides.first?.runs.map(\.seed) ?? [])) {
      $0.intersection($1.runs.map(\.seed))
    }
    return sides.compactMap { side in
      guard let run = side.runs.first(where: { $0.seed == common.min() }) ?? side.runs.first,
        let samples = withImages.first(where: { $0.0.folder == run.folder })?.1
      else { return nil }
      return (side.title, run.seed, samples)
    }
  }
}

/// The images in the file samples.h5 of a run.
struct Samples {
  let images: [ByteImage]
  let labels: [Int]
  private let names: [String]

  /// Nil for a run without a readable file.
  init?(_ record: RunRecord) {
    let path = "\(record.folder)/samples.h5"
    guard Folder.exists(path), let reader = try? Reader(path), let shape = try? reader.shape(of: "images"),
      shape.count == 4, shape[0] > 0, shape[3] == 3, let bytes = try? reader.bytes("images"),
      let labels = try? reader.ints("label"), labels.count == shape[0]
    else { return nil }
    let area = shape[1] * shape[2] * 3
    images = (0..<shape[0]).map {
      ByteImage(height: shape[1], width: shape[2], pixels: Array(bytes[$0 * area..<($0 + 1) * area]))
    }
    self.labels = labels
    names = (try? reader.texts("class_name")) ?? []
  }

  /// The name of a class, or "class 3" in a file without names.
  func name(of label: Int) -> String { names.indices.contains(label) ? names[label] : "class \(label)" }
}
