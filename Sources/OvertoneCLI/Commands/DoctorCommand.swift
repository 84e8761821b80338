import ArgumentParser
import Laboratory

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check processor, libraries and the speed of matrix products.")
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let doctor = try Doctor()
    print(json ? doctor.json : doctor.text)
  }
}
