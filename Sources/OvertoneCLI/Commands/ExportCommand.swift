import ArgumentParser
import Laboratory

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Convert an HDF5 file to npz, csv, png, or a folder of these.",
    discussion: """
      The extension of the output selects the format:

        overtone export Results/quickstart/1/samples.h5 samples.npz            # every dataset, for numpy.load
        overtone export Results/quickstart/1/samples.h5 grid.png               # all images in a grid
        overtone export Results/quickstart/1/samples.h5 one.png --index 3      # one image
        overtone export Results/quickstart/1/metrics.h5 metrics.csv            # one row for each step
        overtone export Results/quickstart/1/samples.h5 labels.csv --dataset label
        overtone export Results/quickstart/1/samples.h5 out/                   # every dataset in a fitting format

      Any HDF5 file is accepted; 'overtone inspect FILE' lists its datasets.
      Where a dataset cannot be read, the others are exported, and the exit status is 1.
      """)
  @Argument(help: "The HDF5 file.") var file: String
  @Argument(help: "The output: a name ending in .npz, .csv or .png, or a folder.") var output: String
  @Option(help: "A dataset to export, by its path; repeatable, all by default.") var dataset: [String] = []
  @Option(help: "The image to export, from 0; all by default.") var index: Int?
  @Option(help: "Images in a row of the grid; about square by default.") var columns: Int?

  func validate() throws {
    if let index, index < 0 { throw ValidationError("--index must be 0 or more, not \(index).") }
    if let columns, columns < 1 { throw ValidationError("--columns must be 1 or more, not \(columns).") }
    guard output.hasSuffix(".png") || (index == nil && columns == nil) else {
      throw ValidationError("--index and --columns apply to images; write to a name that ends in .png.")
    }
  }

  func run() throws {
    try GuardedReading.run(file, output: output) {
      let export = try Export(file, only: dataset)
      let (lines, unread) = try export.write(to: output, index: index, columns: columns)
      for line in lines { print(line) }
      guard unread == 0 else {
        let objects = unread == 1 ? "1 object was" : "\(unread) objects were"
        throw LaboratoryError("\(file): \(objects) left out, as unreadable; what could be read is in \(output).")
      }
    }
  }
}
