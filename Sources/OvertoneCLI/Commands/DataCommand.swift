import ArgumentParser
import Laboratory

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Convert images to one HDF5 file.", subcommands: [Import.self])

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Convert a folder of class folders of PNG or JPEG images to one HDF5 file.",
      discussion:
        "Images are halved by box filter, resized bicubically and cropped at the centre, as in ADM, MAR and FAR.")
    @Argument(help: "The folder; each folder inside it is a class.") var folder: String
    @Argument(help: "The file to write.") var output: String
    @Option(help: "Height and width in pixels.") var size: Int = 32

    func validate() throws {
      guard (1...4096).contains(size) else { throw ValidationError("--size must be from 1 to 4096, not \(size).") }
    }

    func run() throws { try ImageImport(folder: folder, output: output, size: size).run(Journal()) }
  }
}
