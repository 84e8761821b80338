import ArgumentParser
import Autoregression
import Foundation
import Laboratory
import Networks
import Settings
import Tensors

/// The command `overtone`. A package with plugins of its own links them and calls `Overtone.main()`.
public struct Overtone: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "overtone",
    abstract: "A laboratory for autoregressive image generation.",
    discussion: """
      An experiment is a YAML file that names a direction, a tokenizer, a loss, and how they are trained.

        overtone run Experiments/quickstart.yaml
        overtone run Experiments/quickstart.yaml training.steps=2000 seed=1
        overtone show --origin Experiments/quickstart.yaml
        overtone components frequency

      Exit status: 0 done, 1 an error, 2 wrong usage, 75 stopped and resumable.
      """,
    version: Environment.version,
    subcommands: [
      RunCommand.self, SampleCommand.self, EvaluateCommand.self, ValidateCommand.self, ShowCommand.self,
      PlanCommand.self,
      ComponentsCommand.self,
      StatusCommand.self, TableCommand.self, CompareCommand.self, ReportCommand.self, FiguresCommand.self,
      InspectCommand.self, VerifyCommand.self, ExportCommand.self, DataCommand.self, ImportCommand.self,
      DoctorCommand.self, BenchCommand.self,
    ])

  public init() {}

  /// Runs what the command line asks for and ends the program with the status that says how it went.
  public static func main() {
    Interruption.listen()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let stopped as Stopped {
      complain("\(stopped)")
      Foundation.exit(75)
    } catch {
      switch exitCode(for: error) {
      case .success:  // help and version
        print(fullMessage(for: error))
        Foundation.exit(0)
      case .failure:  // an error of the experiment, its data or files
        complain("error: \(error)")
        Foundation.exit(1)
      default:  // an error of the command line
        complain(fullMessage(for: error))
        Foundation.exit(2)
      }
    }
  }

  private static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// The experiment file and what is put over it; shared by all commands that take one.
struct ExperimentArguments: ParsableArguments {
  @Argument(help: "The experiment file.") var file: String
  @Argument(help: "Settings put over the file's, as key=value: training.steps=100.") var overrides: [String] = []
  @Option(help: "One of the scales that the file offers: smoke, small, paper.") var scale: String?
  @Option(help: "Only this variant of a sweep, by its name, or name/seed; may be given several times.")
  var variant: [String] = []

  /// The name of the experiment: that of its file.
  var name: String { URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent }

  func runs() throws -> ExperimentRuns {
    for override in overrides where !override.contains("=") {
      throw ValidationError("'\(override)' is no override; write it as key=value, for example training.steps=100.")
    }
    let sweep = try Sweep(file: file, scale: scale, overrides: overrides)
    return try ExperimentRuns(sweep, experiment: name, registry: Registry.linked())
  }

  /// The specs that --variant names, of all.
  func specs(of runs: ExperimentRuns) throws -> [RunSpec] { try runs.specs(named: variant) }

  /// The one spec that is meant, for commands that take one.
  func spec(of runs: ExperimentRuns) throws -> RunSpec {
    let found = try specs(of: runs)
    guard let first = found.first, found.count == 1 else {
      let names = found.map { "\($0.name)/\($0.seed)" }
      throw LaboratoryError(
        "\(file): there are \(found.count) variants; choose one with --variant: \(names.joined(separator: ", ")).")
    }
    return first
  }

  func assembled() throws -> Assembly {
    let runs = try runs()
    return try runs.assembly(try spec(of: runs))
  }
}

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check an experiment without opening data.",
    discussion: """
      With --inputs the data set is opened, and it is said which stages are trained already, and where.

        overtone validate Experiments/quickstart.yaml
        overtone validate --inputs Experiments/quickstart.yaml training.steps=2000
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Look whether the data are there, too, and what is trained.") var inputs = false
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let runs = try experiment.runs(), specs = try experiment.specs(of: runs)
    var all: [JSON] = []
    for spec in specs {
      let check = try ValidationReport(try withoutStorage { try runs.assembly(spec) }, opening: inputs)
      all.append(.object([("file", .text(experiment.file)), ("variant", .text(spec.title))] + check.fields))
      let name = specs.count > 1 ? " \(spec.title):" : ""
      if !json { print("\(experiment.file):\(name) \(check.text)") }
    }
    if json { print(JSON.list(all).lines) }
  }
}

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print an experiment with every default.")
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print every default (always on; for symmetry with --origin).") var resolved = false
  @Flag(help: "Say where each value comes from.") var origin = false

  func run() throws {
    print(try withoutStorage { try experiment.assembled() }.settings.resolved(origins: origin), terminator: "")
  }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Print shapes, parameters, work, memory, disk and time.",
    discussion: """
      No data and no weights are opened. The time is an estimate: the operations counted here at the speed at which
      this machine multiplies matrices, measured for a moment.

        overtone plan Experiments/quickstart.yaml backbone.width=256
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let runs = try experiment.runs(), specs = try experiment.specs(of: runs)
    var speeds = ProductSpeeds()
    let plans = try specs.map { spec in CostEstimate(try withoutStorage { try runs.assembly(spec) }, &speeds) }
    if json {
      print(plans.count == 1 ? plans[0].json.lines : JSON.object(zip(specs, plans).map { ($0.title, $1.json) }).lines)
    } else {
      print(
        plans.count == 1
          ? plans[0].text : zip(specs, plans).map { "\($0.title)\n\($1.text)" }.joined(separator: "\n\n"))
    }
  }
}

struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components", abstract: "Print what an experiment can name, with settings and sources.",
    discussion: """
      With --schema, a JSON Schema of experiment files, from which editors complete and check them.

        overtone components diffusion
        overtone components --schema > Experiments/experiment.schema.json
      """)
  @Argument(help: "Only this role or key.") var name: String?
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print a JSON Schema of experiment files.") var schema = false

  func run() throws {
    if schema {
      print(ExperimentSchema(Registry.linked()).text, terminator: "")
      return
    }
    let list = Catalogue(Registry.linked())
    if let name, list.entries(name).isEmpty {
      let near = nearest(name, among: list.names).map { " Did you mean '\($0)'?" } ?? ""
      throw LaboratoryError("no role or component is called '\(name)'.\(near)")
    }
    print(list.text(name, json: json))
  }
}

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Print what an HDF5 file holds.",
    discussion: """
      Each data set with its kind, its axes by name and length, and its attributes. Any HDF5 file will do.

        overtone inspect Results/quickstart/1/samples.h5
      """)
  @Argument(help: "The file.") var file: String
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let inspection = try Inspection(file)
    print(json ? try inspection.json + "\n" : try inspection.text, terminator: "")
  }
}

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Bring pictures into one HDF5 file.", subcommands: [Import.self])

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "A folder of class folders of PNG or JPEG pictures into one HDF5 file.",
      discussion: "Pictures are halved by box, resized bicubic and cropped at the centre, as ADM, MAR and FAR do.")
    @Argument(help: "The folder; each folder inside is a class.") var folder: String
    @Argument(help: "The file to write.") var output: String
    @Option(help: "Pixels of a side.") var size: Int = 32

    func validate() throws {
      guard (1...4096).contains(size) else { throw ValidationError("--size must be from 1 to 4096, not \(size).") }
    }

    func run() throws { try ImageImport(folder: folder, output: output, size: size).run(Journal()) }
  }
}

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check processor, libraries and speed.")
  @Flag(help: "Print JSON.") var json = false

  func run() throws { print(json ? Doctor().json : Doctor().text) }
}
