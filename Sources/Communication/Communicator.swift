public import Diagnostics

/// The ranks of a job, and the messages between them.
///
/// All collectives are blocking and must be called by all ranks in the same order with buffers of
/// the same size. They never fail visibly: no rank can go on alone, so an error of MPI ends the job
/// with status 75.
public protocol Communicator: AnyObject {
  /// This process's number, `0 ..< size`.
  var rank: Int { get }
  /// The number of ranks of the job.
  var size: Int { get }
  /// This process's number among the ranks of its host, `0 ..< localSize`.
  var localRank: Int { get }
  /// The number of ranks on this host.
  var localSize: Int { get }
  /// The fewest ranks that any host has.
  var leastLocalSize: Int { get }
  /// The name of this host.
  var host: String { get }

  /// Samples of the current global batch that this rank works on, and all.
  ///
  /// Set by a sharded `DataLoader` when it hands out a batch, `nil` when no loader is active; read
  /// by the gradient reducer to weight this rank's gradients.
  var batchShare: BatchShare? { get set }

  /// The record of what this rank does, by which others learn whom they wait for; nil where there
  /// are none, which is the default.
  var watch: Watch? { get }

  /// Where the time of this rank's steps goes.
  var profile: StepProfile { get }

  /// Replaces every element by its sum, minimum or maximum over all ranks.
  ///
  /// In which order a floating-point sum is rounded is up to MPI and may change with `size`.
  func allReduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation)

  /// Replaces every element by its sum over one rank of each host: those with this `localRank`.
  ///
  /// To be called by all ranks; those whose `localRank` is not below `leastLocalSize` pass an empty
  /// buffer. Unlike the other collectives it may be called on a thread of its own, where
  /// `threadLevel` allows that, while the rank's thread calls none.
  ///
  /// - Parameter count: the number of elements that a host sums in all, the same on all ranks.
  func allReduceAcrossHosts<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, of count: Int)

  /// Replaces `bytes` by those of rank `root`. Stops the program if there is no such rank.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int)

  /// Joins the `bytes` of all ranks in rank order.
  ///
  /// Stops the program unless `result` is `size` times as long as `bytes`. The two must not
  /// overlap.
  func allGather(_ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer)

  /// Returns when all ranks have called it.
  func barrier()

  /// Memory of `byteCount` bytes for every rank of this host, seen by all of them; nil in a job of one
  /// rank, or where a host has too little. Collective over all hosts, and the same answer on all.
  func makeSharedWindow(byteCount: Int) -> SharedWindow?

  /// Whether a second thread of a rank may call collectives.
  var allowsThreads: Bool { get }

  /// Ends all ranks of the job at once, with status `code`; says nothing.
  func abort(_ code: ExitCode) -> Never
}

/// How much of a global batch one rank works on.
public struct BatchShare: Hashable, Sendable {
  /// The number of samples on this rank.
  public var local: Int
  /// The number of samples on all ranks.
  public var global: Int
  /// Where the batch is cut into micro-batches, the one whose samples `local` counts.
  public var microBatch: MicroBatch?

  /// A share of `local` out of `global` samples.
  public init(local: Int, global: Int, microBatch: MicroBatch? = nil) {
    self.local = local
    self.global = global
    self.microBatch = microBatch
  }
}

/// One of the micro-batches that a global batch is cut into.
public struct MicroBatch: Hashable, Sendable {
  /// The pass over the data.
  public var epoch: Int
  /// The global batch of that pass.
  public var batch: Int
  /// The micro-batch, of `0 ..< count`.
  public var index: Int
  /// How many micro-batches the batch has, on all ranks.
  public var count: Int
  /// Those that this rank runs, in order; empty where there are more ranks than micro-batches.
  public var ofRank: Range<Int>

  /// Micro-batch `index` of `count`, on a rank that runs those `ofRank`.
  public init(epoch: Int, batch: Int, index: Int, count: Int, ofRank: Range<Int>) {
    self.epoch = epoch
    self.batch = batch
    self.index = index
    self.count = count
    self.ofRank = ofRank
  }

  /// Whether this rank's work on the batch ends with it.
  public var isLastOfRank: Bool { index == ofRank.upperBound - 1 }
}

extension Communicator {
  /// None.
  public var watch: Watch? { nil }

  /// Whether all ranks are on one host.
  public var isOneHost: Bool { localSize == size }

  /// Whether this is rank 0, which by convention speaks and writes files for all.
  public var isRoot: Bool { rank == 0 }

  func checkRoot(_ root: Int, _ collective: StaticString) {
    check(
      root >= 0 && root < size, "\(collective): root \(root) is not one of \(size) rank(s)")
  }

  func checkGather(_ part: Int, _ whole: Int) {
    check(
      whole == part * size,
      "allGather: \(size) rank(s) of \(part) bytes do not fill a result of \(whole) bytes")
  }
}
