import ArgumentParser
import Laboratory

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Convert images to one HDF5 file.", subcommands: [Import.self])

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Convert a folder or archive of PNG or JPEG images to one HDF5 file.",
      discussion:
        "Images are halved by box filter, resized bicubically and cropped at the centre, as in ADM, MAR and FAR. "
        + "An archive .npz of numpy holds 'images', uint8 [n, height, width, 3], and may hold 'labels', integers [n].")
    @Argument(help: "A folder, or an archive .tar, with a folder of images per class; or an archive .npz.")
    var source: String
    @Argument(help: "The file to write.") var output: String
    @Option(help: "Height and width in pixels.") var size: Int = 32

    @Flag(help: "Leave out images that cannot be read, and name them.") var skipBad = false

    func validate() throws {
      guard (1...4096).contains(size) else { throw ValidationError("--size must be from 1 to 4096, not \(size).") }
    }

    func run() throws { try ImageImport(source, output: output, size: size, skipsBad: skipBad).run(Journal()) }
  }
}
