import Foundation
import Synchronization

/// The `STATUS` of the run in progress, for signal handlers: a crash or a stop that ends the program at once is
/// recorded there, by texts and paths that were prepared beforehand.
enum RunStatus {
  /// The index of the text "stopped"; that of a crash is its signal's number, that of exhausted memory `outOfMemory`.
  static let stopped = 0
  /// The index of the text of exhausted memory.
  static let outOfMemory = 1 << 6

  /// Signals of a program that is broken.
  private static let crashes = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE]

  /// Texts by index, then the path of `STATUS` and that of its temporary file, as C strings.
  private typealias Texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  /// The address of the texts; 0 while no run is in progress.
  private static let prepared = Atomic<UInt>(0)
  /// The address of the handlers before `listenForCrashes`, by signal.
  private static let former = Atomic<UInt>(0)

  /// "crashed: signal 11 (Segmentation fault)".
  static func text(ofSignal number: Int32) -> String {
    "crashed: signal \(number) (\(String(cString: strsignal(number))))"
  }

  /// The content of `STATUS` in a state with a configuration.
  static func content(_ state: String, _ fingerprint: String) -> String { "\(state)\nconfiguration \(fingerprint)\n" }

  /// Prepares for the run in a folder.
  static func prepare(_ folder: String, _ fingerprint: String) {
    let texts = Texts.allocate(capacity: outOfMemory + 3)
    texts.initialize(repeating: nil, count: outOfMemory + 3)
    texts[stopped] = strdup(content("stopped", fingerprint))
    for number in crashes { texts[Int(number)] = strdup(content(text(ofSignal: number), fingerprint)) }
    texts[outOfMemory] = strdup(content("crashed: out of memory", fingerprint))
    texts[outOfMemory + 1] = strdup("\(folder)/STATUS")
    texts[outOfMemory + 2] = strdup("\(folder)/STATUS.tmp.\(getpid())")
    // The former texts stay allocated: a handler may be reading them.
    prepared.store(UInt(bitPattern: texts), ordering: .releasing)
  }

  /// Ends the preparation: the run has recorded how it ended.
  static func clear() { prepared.store(0, ordering: .releasing) }

  /// Replaces `STATUS` by the text of an index. Async-signal-safe.
  static func write(_ index: Int) {
    guard let texts = Texts(bitPattern: prepared.load(ordering: .acquiring)), let text = texts[index],
      let path = texts[outOfMemory + 1], let temporary = texts[outOfMemory + 2]
    else { return }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    let length = strlen(text), isWritten = Glibc.write(descriptor, text, length) == length
    close(descriptor)
    if isWritten { rename(temporary, path) } else { unlink(temporary) }
  }

  /// Installs handlers that record a crash of the run in progress, then let it end as without them.
  static func listenForCrashes() {
    guard former.load(ordering: .acquiring) == 0 else { return }
    let actions = UnsafeMutablePointer<sigaction>.allocate(capacity: outOfMemory)
    actions.initialize(repeating: sigaction(), count: outOfMemory)
    former.store(UInt(bitPattern: actions), ordering: .releasing)
    useSeparateStack()
    for number in crashes {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { RunStatus.receive($0) }
      action.sa_flags = SA_ONSTACK
      sigaction(number, &action, actions + Int(number))
    }
    on_exit(
      { status, _ in
        // Status 71: the memory pool found none.
        if status == 71 { RunStatus.write(RunStatus.outOfMemory) }
      }, nil)
  }

  /// Records a crash. Async-signal-safe.
  private static func receive(_ number: Int32) {
    write(Int(number))
    Journal.endLine()
    let address = former.load(ordering: .acquiring)
    guard let actions = UnsafeMutablePointer<sigaction>(bitPattern: address) else { return }
    sigaction(number, actions + Int(number), nil)
    // It waits until this handler returns, and then ends the program where it stands, as backtraces show.
    raise(number)
  }

  /// Gives handlers of this thread a stack of their own, so that an exhausted stack is recorded, too.
  private static func useSeparateStack() {
    var present = stack_t()
    guard sigaltstack(nil, &present) == 0, present.ss_flags & Int32(SS_DISABLE) != 0 else { return }
    // Bytes: enough for a write of STATUS and a backtrace.
    let size = 1 << 18
    var stack = stack_t(
      ss_sp: UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16), ss_flags: 0, ss_size: size)
    sigaltstack(&stack, nil)
  }
}
