import Diagnostics
import Glibc
import Support
import TensorCore

/// Sees to it that no input takes more than 64 MB of memory, or five seconds of the processor, and says
/// which one it was that ended the program.
struct InputWatch {
  private static let memory = 64 << 20
  private static let seconds = 5.0

  /// What is said when a signal ends the program; the number of the input is put in before each.
  nonisolated(unsafe) private static let sentence = UnsafeMutableBufferPointer<UInt8>.allocate(
    capacity: 200)
  private static let digits = 20

  init() {
    Self.sentence.initialize(repeating: 0x20)
    for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
      Glibc.signal(signal) { number in
        _ = write(STDERR_FILENO, InputWatch.sentence.baseAddress, InputWatch.sentence.count)
        Glibc.signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// From now on inputs are those of `reader`. What the process has now, it may have besides.
  func begin(_ reader: String, seed: UInt64) {
    let text = " of \(reader) with seed \(seed) ended ReaderFuzz\n"
    for index in Self.sentence.indices.dropFirst(6) { Self.sentence[index] = 0x20 }
    for (index, byte) in "input ".utf8.enumerated() { Self.sentence[index] = byte }
    for (index, byte) in text.utf8.prefix(150).enumerated() {
      Self.sentence[6 + Self.digits + index] = byte
    }
    limitMemory()
  }

  /// Calls `body` with input `number`, and returns the seconds that it took.
  func time(_ number: Int, _ body: () -> Void) -> Double {
    var rest = number
    for place in (0..<Self.digits).reversed() {
      Self.sentence[6 + place] =
        rest == 0 && place < Self.digits - 1 ? 0x20 : UInt8(0x30 + rest % 10)
      rest /= 10
    }
    alarm(60)
    let start = processorSeconds()
    body()
    let seconds = processorSeconds() - start
    alarm(0)
    check(seconds < Self.seconds, "ReaderFuzz: input \(number) takes \(seconds) s")
    // Tensors' blocks are kept by their sizes, of which there are many here.
    if number.isMultiple(of: 64) { MemoryPool.trim() }
    return seconds
  }

  private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The system refuses what goes beyond, and that ends the program.
  private func limitMemory() {
    MemoryPool.trim()
    let field = (text(ofFile: "/proc/self/status") ?? "").split(separator: "\n")
      .first { $0.hasPrefix("VmData:") }
    guard let kilobytes = field?.split(separator: " ").compactMap({ Int($0) }).first else {
      stop("ReaderFuzz: /proc is not mounted", status: .unavailable)
    }
    let resource = __rlimit_resource_t(RLIMIT_DATA.rawValue)
    var limit = rlimit()
    getrlimit(resource, &limit)
    limit.rlim_cur = rlim_t(kilobytes * 1024 + Self.memory)
    check(setrlimit(resource, &limit) == 0, "ReaderFuzz: the system refuses a limit of memory")
  }
}
