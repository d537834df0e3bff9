public import Diagnostics
import Glibc
public import Steps

/// A job of one process, without MPI: every collective returns at once.
public final class SoloCommunicator: Communicator {
  /// 0: this process is the only rank, and so the root.
  public let rank = 0
  /// 1: every batch is worked on by this process as a whole.
  public let size = 1
  /// 0: the first and only rank of its host.
  public let localRank = 0
  /// 1, also where other programs like this one run on the host: they are jobs of their own.
  public let localSize = 1
  /// 1: there is one host, with one rank.
  public let leastLocalSize = 1
  /// True: collectives touch nothing but what they are given.
  public let allowsThreads = true
  /// The name of this host.
  public let host = hostName()
  /// See `StepMember.step`.
  public let step = StepContext()
  /// See `Communicator.profile`.
  public let profile = StepProfile()

  /// A job of this process alone.
  public init() {}

  /// Leaves the buffer as it is.
  public func allReduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation
  ) { RootBlock.requireOutside("allReduce") }

  /// Leaves the buffer as it is.
  public func allReduceAcrossHosts<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, of count: Int
  ) { RootBlock.requireOutside("allReduceAcrossHosts") }

  /// Leaves the bytes as they are. Stops the program unless `root` is zero.
  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    RootBlock.requireOutside("broadcast")
    checkRoot(root, "broadcast")
  }

  /// Copies `bytes`. Stops the program unless `result` is as long.
  public func allGather(
    _ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer
  ) {
    RootBlock.requireOutside("allGather")
    checkGather(bytes.count, result.count)
    result.copyMemory(from: bytes)
  }

  /// Returns at once.
  public func barrier() { RootBlock.requireOutside("barrier") }

  /// This process alone; nil where `color` is nil.
  public func split(color: Int?, key: Int) -> (any Communicator)? {
    RootBlock.requireOutside("split")
    checkSplit(color, key)
    return color.map { _ in SoloCommunicator() }
  }

  /// Nil, for there is nobody to share memory with.
  public func makeSharedWindow(byteCount: Int) -> SharedWindow? { nil }

  /// Ends the process with status `code`.
  public func abort(_ code: ExitCode) -> Never { exit(code.rawValue) }
}

/// The name of this host.
func hostName() -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
    guard let start = name.baseAddress, gethostname(start, name.count) == 0 else {
      return "unknown host"
    }
    name[name.count - 1] = 0
    return String(cString: start)
  }
}
