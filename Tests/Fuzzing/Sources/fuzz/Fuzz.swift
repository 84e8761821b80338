import CGuard
import FuzzTargets
import Glibc

/// The reader that `--target=NAME` chooses, and the ends of the processes that read for it. libFuzzer calls from one
/// thread.
private enum Session {
  nonisolated(unsafe) static var target: FuzzTarget?
  nonisolated(unsafe) static var processes = 0
  nonisolated(unsafe) static var signals: [Int32: Int] = [:]
}

private func note(_ message: String) { _ = (message + "\n").withCString { write(STDERR_FILENO, $0, strlen($0)) } }

private func refuse(_ message: String) -> Never {
  note(message)
  exit(2)
}

/// Chooses the reader, or prints what `--list`, `--words` and `--seeds` ask for.
@_cdecl("LLVMFuzzerInitialize") public func initialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  let arguments = (0..<Int(count.pointee)).compactMap { words.pointee[$0].map { String(cString: $0) } }
  if arguments.contains("--list") {
    for target in FuzzTarget.all { print(target.name) }
    exit(0)
  }
  let prefix = "--target="
  guard let name = arguments.first(where: { $0.hasPrefix(prefix) })?.dropFirst(prefix.count),
    let target = FuzzTarget.all.first(where: { $0.name == name })
  else { refuse("--target is one of \(FuzzTarget.all.map(\.name).joined(separator: ", ")).") }
  if arguments.contains("--words") {
    for word in target.words { print("\"" + word.utf8.map { "\\x" + hexadecimal($0) }.joined() + "\"") }
    exit(0)
  }
  if arguments.contains("--seeds") {
    for seed in target.seeds { print(seed.folder, seed.suffix) }
    exit(0)
  }
  Session.target = target
  FuzzTarget.nameFiles()
  // libFuzzer looks at the memory in use; this bounds what is asked for at once.
  _ = overtone_limit_memory(2_000_000_000)
  atexit {
    guard Session.processes > 0 else { return }
    let ends = Session.signals.sorted { $0.key < $1.key }.map { "signal \($0.key): \($0.value)" }
    note("processes: \(Session.processes), ended by \(ends.isEmpty ? "no signal" : ends.joined(separator: ", "))")
  }
  return 0
}

private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

/// Reads one input.
@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let target = Session.target else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  if !target.needsProcess {
    target.read(bytes)
    return 0
  }
  // A signal that a library raises ends the child that the program reads with; a trap of Swift is a fault of ours.
  var work = (target, bytes)
  let signal = overtone_guard(
    { context in
      guard let work = context?.assumingMemoryBound(to: (FuzzTarget, [UInt8]).self).pointee else { return }
      work.0.read(work.1)
    }, &work)
  Session.processes += 1
  if signal != 0 { Session.signals[signal, default: 0] += 1 }
  precondition(signal != SIGILL && signal != SIGTRAP, "a trap in the child")
  return 0
}
