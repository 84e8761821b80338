/// Thrown by a long stage after a requested stop, once everything is saved: the program ends with status 75.
package struct Stopped: Error, CustomStringConvertible {
  /// One sentence: where it stopped, and how to resume.
  package let description: String

  /// `event` says where it stopped: "stopped after step 3 of 10 (model)".
  init(_ event: String) { description = "\(event); the same command goes on from there." }

  /// A stop with a cause: "the time limit of 2:00:00 is near: stopped after …".
  package init(_ cause: String, _ stopped: Stopped) { description = "\(cause): \(stopped.description)" }
}
