import Autoregression
import Files
import Networks
import Settings
import Tensors

extension Assembly {
  /// Throws where the weights do not fit the machine's memory; they are counted before any is allocated.
  static func refuseUnlessWeightsFit(_ file: Settings, name: String, registry: Registry) throws(SettingsError) {
    let outcome = withoutStorage { () -> Result<Assembly, SettingsError> in
      do throws(SettingsError) {
        return .success(try Assembly(file, name: name, registry: registry))
      } catch { return .failure(error) }
    }
    try outcome.get().refuse(extraCopies: 0, beyond: Extent.memory, as: machine)
  }

  /// Throws where weights, gradients and the optimizer's two moments do not fit the machine's memory.
  func refuseUnlessTrainingFits() throws(SettingsError) {
    try refuse(extraCopies: training.steps > 0 ? 3 : 0, beyond: Extent.memory, as: Self.machine)
  }

  private static var machine: String { "this machine has \(gibibytes(Extent.memory))" }

  /// Throws where all weights, and `extraCopies` arrays of the size of the model's, take more than `limit` bytes. The
  /// error has the location of the largest number that the file sets in the section of the largest component.
  func refuse(extraCopies: Int, beyond limit: Int, as reason: String) throws(SettingsError) {
    let trained: [(section: String, count: Int)] = [
      ("conditioner", Self.count(model.conditioner)), ("backbone", Self.count(model.backbone)),
      ("loss", Self.count(model.loss)),
    ]
    let components = trained + [("tokenizer", Self.count(tokenizer))]
    var total = components.reduce(0) { Self.sum($0, $1.count) }
    for _ in 0..<extraCopies { total = trained.reduce(total) { Self.sum($0, $1.count) } }
    guard let bytes = Extent([total])?.bytes(elementSize: 4), bytes <= limit else {
      let section = components.max { $0.count < $1.count }?.section ?? ""
      let size = Extent([total])?.bytes(elementSize: 4).map(Self.gibibytes) ?? "more than 2^63 bytes"
      let sentence = "\(extraCopies > 0 ? "weights, gradients and moments" : "weights") take \(size); \(reason)."
      guard let (reading, location) = largestSetting(of: section) else {
        throw settings.refusal("the \(section) is too large: \(sentence)", at: section)
      }
      let setting = "\(section).\(reading.key): \(reading.yaml ?? "")"
      throw .unsuitable(location, why: "'\(setting)' makes the \(section) too large: \(sentence)")
    }
  }

  /// The number of parameters of a component; `Int.max` where it does not fit an `Int`.
  private static func count(_ module: any Module) -> Int {
    module.parameters.reduce(0) { sum($0, $1.parameter.value.count) }
  }

  /// A sum; `Int.max` where it does not fit an `Int`.
  private static func sum(_ first: Int, _ second: Int) -> Int {
    let (sum, overflows) = first.addingReportingOverflow(second)
    return overflows ? .max : sum
  }

  /// The setting of a section that the file sets to the largest number; nil where it sets none to one.
  private func largestSetting(of section: String) -> (Reading, FileLocation)? {
    settings.reads.compactMap { path, reading -> (reading: Reading, location: FileLocation, value: Int)? in
      guard path == section, let location = reading.location,
        let value = reading.yaml?.split(whereSeparator: { !$0.isNumber }).compactMap({ Int($0) }).max()
      else { return nil }
      return (reading, location, value)
    }.max { $0.value < $1.value }.map { ($0.reading, $0.location) }
  }

  /// An amount of memory: "23.5 GiB".
  private static func gibibytes(_ bytes: Int) -> String {
    let tenths = bytes / (1 << 30) * 10 + bytes % (1 << 30) * 10 / (1 << 30)
    return "\(tenths / 10).\(tenths % 10) GiB"
  }
}
