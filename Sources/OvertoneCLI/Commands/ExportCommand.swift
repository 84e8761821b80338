import ArgumentParser
import Laboratory

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write what an HDF5 file holds as npz, csv, png, or a folder of all of them.",
    discussion: """
      The name to write to says what becomes of it:

        overtone export Results/quickstart/1/samples.h5 samples.npz            # every data set, for numpy.load
        overtone export Results/quickstart/1/samples.h5 grid.png               # pictures side by side
        overtone export Results/quickstart/1/samples.h5 one.png --index 3      # one of them
        overtone export Results/quickstart/1/metrics.h5 metrics.csv            # a row for each step
        overtone export Results/quickstart/1/samples.h5 labels.csv --dataset label
        overtone export Results/quickstart/1/samples.h5 out/                   # everything, each as what it is

      Any HDF5 file will do; 'overtone inspect FILE' says what is in it.
      """)
  @Argument(help: "The HDF5 file.") var file: String
  @Argument(help: "What to write: a name ending in .npz, .csv or .png, or a folder.") var output: String
  @Option(help: "Only this data set, by its path; may be given several times.") var dataset: [String] = []
  @Option(help: "Only this picture, counted from 0.") var index: Int?
  @Option(help: "Pictures in a row of the sheet; left out: as many as make it square.") var columns: Int?

  func validate() throws {
    if let index, index < 0 { throw ValidationError("--index must be 0 or more, not \(index).") }
    if let columns, columns < 1 { throw ValidationError("--columns must be 1 or more, not \(columns).") }
    guard output.hasSuffix(".png") || (index == nil && columns == nil) else {
      throw ValidationError("--index and --columns speak of a picture; write to a name that ends in .png.")
    }
  }

  func run() throws {
    for line in try Export(file, only: dataset).write(to: output, index: index, columns: columns) { print(line) }
  }
}
